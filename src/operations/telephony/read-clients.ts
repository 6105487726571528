/** Clients of an account as the account API of Restcomm shows them. A client never shows that it is held. */
import type { Values } from '#core/field.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import { readKindRows } from '#store/kind-row.ts';
import { type ListPart, countOf, listOf } from '#store/telephony-list.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource } from './find-resource.ts';
import { type AnsweringApplication, openApplications } from './read-applications.ts';

export interface ClientView {
  readonly uuid: string;
  /** UUID of the account that has it. */
  readonly account: string;
  readonly login: string;
  /** What servers verify its password against, MD5(login:realm:password); null where it has none. */
  readonly ha1: string | null;
  readonly friendlyName: string;
  /** The client's own switch; no hold shows in it. */
  readonly isEnabled: boolean;
  readonly voiceUrl: string | null;
  readonly voiceMethod: string;
  readonly voiceFallbackUrl: string | null;
  readonly voiceFallbackMethod: string;
  /** UUID of the application. */
  readonly voiceApplication: string | null;
  readonly pushClientIdentity: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A part of the clients of an account, and how many there are; nothing of a closed one. */
export async function listClients(
  context: OperationContext,
  account: NamedAccount,
  part: ListPart,
): Promise<{ readonly total: number; readonly items: readonly ClientView[] }> {
  if (account.closed) return { total: 0, items: [] };
  const session = reader(context);
  const entities = await listOf(session, account.id, 'sip_account', part);
  return {
    total: await countOf(session, account.id, 'sip_account'),
    items: await clientViews(context, session, account, entities),
  };
}

/** One client by SID. Throws `not_found`, also as foreign. */
export async function readClient(context: OperationContext, account: NamedAccount, sid: string): Promise<ClientView> {
  const session = reader(context);
  return clientView(context, session, account, await findResource(session, account, 'sip_account', sid));
}

export async function clientView(
  context: OperationContext,
  session: Session,
  account: NamedAccount,
  entity: EntityState,
): Promise<ClientView> {
  const [view] = await clientViews(context, session, account, [entity]);
  if (view === undefined) throw new Error('a view for each client');
  return view;
}

async function clientViews(
  context: OperationContext,
  session: Session,
  account: NamedAccount,
  entities: readonly EntityState[],
): Promise<ClientView[]> {
  const ids = entities.map(({ id }) => id);
  const values = await readKindRows(session, 'sip_account', ids, context.sealingKey);
  const applications = [...values.values()]
    .map((row) => row['voiceApplication'])
    .filter((id) => typeof id === 'number');
  const open = await openApplications(session, applications);
  return entities.map((entity) => viewOf(entity, account, values.get(entity.id) ?? {}, open));
}

function viewOf(
  entity: EntityState,
  account: NamedAccount,
  values: Values,
  open: ReadonlyMap<number, AnsweringApplication>,
): ClientView {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const login = text('username') ?? entity.label;
  return {
    uuid: entity.uuid,
    account: account.uuid,
    login,
    ha1: text('ha1'),
    friendlyName: text('friendlyName') ?? login,
    isEnabled: values['enabled'] !== false,
    voiceUrl: text('voiceUrl'),
    voiceMethod: text('voiceMethod') ?? 'POST',
    voiceFallbackUrl: text('voiceFallbackUrl'),
    voiceFallbackMethod: text('voiceFallbackMethod') ?? 'POST',
    voiceApplication: open.get(Number(values['voiceApplication']))?.uuid ?? null,
    pushClientIdentity: text('pushClientIdentity'),
    createdAt: entity.created_at,
    updatedAt: entity.updated_at,
  };
}
