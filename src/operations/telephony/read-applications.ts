/** Applications of an account as the account APIs show them, with the numbers that they answer. */
import { type OperationContext, reader } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers } from '#store/entity.ts';
import { readKindRows } from '#store/kind-row.ts';
import {
  type ApplicationNumberRow,
  type ListPart,
  countOf,
  listNumbersAnsweredBy,
  listOf,
} from '#store/telephony-list.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource } from './find-resource.ts';

/** What a number does by means of applications. */
export const MEDIA = ['voice', 'sms', 'ussd', 'refer'] as const;
export type Medium = (typeof MEDIA)[number];

/** An application that answers a number or a client. */
export interface AnsweringApplication {
  readonly uuid: string;
  readonly name: string;
}

export interface ApplicationNumber {
  readonly uuid: string;
  readonly number: string;
  readonly friendlyName: string;
  /** The UUIDs of the applications that answer it. */
  readonly applications: Readonly<Record<Medium, string | null>>;
}

export interface ApplicationView {
  readonly uuid: string;
  /** UUID of the account that has it. */
  readonly account: string;
  readonly name: string;
  readonly url: string | null;
  readonly medium: 'voice' | 'sms' | 'ussd' | null;
  readonly voiceCallerIdLookup: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly numbers: readonly ApplicationNumber[];
}

/** As many numbers as one answer tells of; an application that answers more is asked for by its numbers. */
const NUMBERS_MAX = 10_000;

/** A part of the applications of an account, and how many there are; nothing of a closed one. */
export async function listApplications(
  context: OperationContext,
  account: NamedAccount,
  part: ListPart,
): Promise<{ readonly total: number; readonly items: readonly ApplicationView[] }> {
  if (account.closed) return { total: 0, items: [] };
  const session = reader(context);
  const items = await applicationViews(session, account, await listOf(session, account.id, 'application', part));
  return { total: await countOf(session, account.id, 'application'), items };
}

/** One application by SID. Throws `not_found`, also as foreign. */
export async function readApplication(
  context: OperationContext,
  account: NamedAccount,
  sid: string,
): Promise<ApplicationView> {
  const session = reader(context);
  return applicationView(session, account, await findResource(session, account, 'application', sid));
}

export async function applicationView(
  session: Session,
  account: NamedAccount,
  entity: EntityState,
): Promise<ApplicationView> {
  const [view] = await applicationViews(session, account, [entity]);
  if (view === undefined) throw new Error('a view for each application');
  return view;
}

/** Applications that answer something, by number, with their names; what is closed answers no more. */
export async function openApplications(
  session: Session,
  ids: readonly number[],
): Promise<ReadonlyMap<number, AnsweringApplication>> {
  if (ids.length === 0) return new Map();
  const open = (await listByNumbers(session, [...new Set(ids)])).filter(({ closed }) => !closed);
  return new Map(open.map(({ id, uuid, label: name }) => [id, { uuid, name }]));
}

function applicationsOf(row: ApplicationNumberRow): number[] {
  const { voice_application: voice, sms_application: sms, ussd_application: ussd, refer_application: refer } = row;
  return [voice, sms, ussd, refer].filter((id) => id !== null);
}

async function applicationViews(
  session: Session,
  account: NamedAccount,
  entities: readonly EntityState[],
): Promise<ApplicationView[]> {
  if (entities.length === 0) return [];
  const ids = entities.map(({ id }) => id);
  const values = await readKindRows(session, 'application', ids);
  const rows = await listNumbersAnsweredBy(session, account.id, ids, NUMBERS_MAX);
  const open = await openApplications(session, rows.flatMap(applicationsOf));
  const named = (id: number | null) => (id === null ? null : (open.get(id)?.uuid ?? null));
  const answered = new Map<number, ApplicationNumber[]>();
  for (const row of rows) {
    const number: ApplicationNumber = {
      uuid: row.uuid,
      number: row.number,
      friendlyName: row.friendly_name ?? row.number,
      applications: {
        voice: named(row.voice_application),
        sms: named(row.sms_application),
        ussd: named(row.ussd_application),
        refer: named(row.refer_application),
      },
    };
    for (const id of new Set(applicationsOf(row))) answered.set(id, [...(answered.get(id) ?? []), number]);
  }
  return entities.map((entity) => {
    const of = values.get(entity.id) ?? {};
    const medium = of['medium'];
    return {
      uuid: entity.uuid,
      account: account.uuid,
      name: entity.label,
      url: typeof of['url'] === 'string' ? of['url'] : null,
      medium: medium === 'voice' || medium === 'sms' || medium === 'ussd' ? medium : null,
      voiceCallerIdLookup: of['voiceCallerIdLookup'] === true,
      createdAt: entity.created_at,
      updatedAt: entity.updated_at,
      numbers: answered.get(entity.id) ?? [],
    };
  });
}
