/** Telephone numbers of an account as the account APIs show them. A number never shows that it is held. */
import type { Values } from '#core/field.ts';
import { CAPABILITIES, type Capability } from '#core/number-market.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers } from '#store/entity.ts';
import { readKindRows } from '#store/kind-row.ts';
import { isReleasePending } from '#store/number.ts';
import { type ListPart, type NumberFilter, countNumbersOf, listNumbersOf } from '#store/telephony-list.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource } from './find-resource.ts';
import { type AnsweringApplication, MEDIA, type Medium, openApplications } from './read-applications.ts';

export type { NumberFilter };

/** How a number is answered over one medium. */
export interface Answering {
  readonly url: string | null;
  readonly method: string;
  /** A transfer has none. */
  readonly fallbackUrl: string | null;
  readonly fallbackMethod: string | null;
  readonly application: AnsweringApplication | null;
}

export interface NumberView {
  readonly uuid: string;
  /** UUID of the account that has it. */
  readonly account: string;
  /** In E.164, or as it is written within its organization. */
  readonly number: string;
  readonly isPureSip: boolean;
  readonly friendlyName: string;
  readonly answering: Readonly<Record<Medium, Answering>>;
  readonly voiceCallerIdLookup: boolean;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: string;
  readonly capabilities: Readonly<Record<Capability, boolean>>;
  /** Whether its provider has not said yet that it sold it. */
  readonly isBeingBought: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A part of the numbers of an account, and how many there are; of a closed one those whose release is not confirmed. */
export async function listNumbers(
  context: OperationContext,
  account: NamedAccount,
  filter: NumberFilter,
  part: ListPart,
): Promise<{ readonly total: number; readonly items: readonly NumberView[] }> {
  const session = reader(context);
  const items = await numberViews(session, account, await listNumbersOf(session, account, filter, part));
  return { total: await countNumbersOf(session, account, filter), items };
}

/** One number by SID, as `findNumber` finds it. */
export async function readNumber(context: OperationContext, account: NamedAccount, sid: string): Promise<NumberView> {
  const session = reader(context);
  return numberView(session, account, (await findNumber(session, account, sid)).id);
}

/**
 * A number of an account by SID. Under a closed account it is there until its provider has taken it back; one that was
 * deleted is gone at once. Throws `not_found`, also as foreign.
 */
export function findNumber(session: Session, account: NamedAccount, sid: string): Promise<EntityState> {
  return findResource(
    session,
    account,
    'phone_number',
    sid,
    ({ id, closed_at: closedAt }) => closedAt === null && isReleasePending(session, id),
  );
}

export async function numberView(session: Session, account: NamedAccount, id: number): Promise<NumberView> {
  const [view] = await numberViews(session, account, await listByNumbers(session, [id]));
  if (view === undefined) throw new Error('a view for each number');
  return view;
}

async function numberViews(
  session: Session,
  account: NamedAccount,
  entities: readonly EntityState[],
): Promise<NumberView[]> {
  if (entities.length === 0) return [];
  const values = await readKindRows(
    session,
    'phone_number',
    entities.map(({ id }) => id),
  );
  const applications = await openApplications(session, [...values.values()].flatMap(applicationIds));
  return entities.map((entity) => viewOf(entity, account, values.get(entity.id) ?? {}, applications));
}

function applicationIds(values: Values): number[] {
  return MEDIA.map((medium) => values[`${medium}Application`]).filter((id) => typeof id === 'number');
}

function viewOf(
  entity: EntityState,
  account: NamedAccount,
  values: Values,
  applications: ReadonlyMap<number, AnsweringApplication>,
): NumberView {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const method = (name: string) => text(name) ?? 'POST';
  const number = text('e164') ?? text('sipNumber') ?? entity.label;
  const answering = (medium: Medium): Answering => ({
    url: text(`${medium}Url`),
    method: method(`${medium}Method`),
    fallbackUrl: text(`${medium}FallbackUrl`),
    fallbackMethod: medium === 'refer' ? null : method(`${medium}FallbackMethod`),
    application: applications.get(Number(values[`${medium}Application`])) ?? null,
  });
  return {
    uuid: entity.uuid,
    account: account.uuid,
    number,
    isPureSip: text('sipNumber') !== null,
    friendlyName: text('friendlyName') ?? number,
    answering: {
      voice: answering('voice'),
      sms: answering('sms'),
      ussd: answering('ussd'),
      refer: answering('refer'),
    },
    voiceCallerIdLookup: values['voiceCallerIdLookup'] === true,
    statusCallback: text('statusCallback'),
    statusCallbackMethod: method('statusCallbackMethod'),
    capabilities: capabilitiesOf(values),
    isBeingBought: text('purchasePendingSince') !== null,
    createdAt: entity.created_at,
    updatedAt: entity.updated_at,
  };
}

function capabilitiesOf(values: Values): Record<Capability, boolean> {
  const can = (capability: Capability) => values[`${capability}Capable`] === true;
  return Object.fromEntries(CAPABILITIES.map((capability) => [capability, can(capability)])) as Record<
    Capability,
    boolean
  >; // Each of them.
}
