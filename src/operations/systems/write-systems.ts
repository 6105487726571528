/** Adds, changes and removes systems, and stops them for a time. */
import { randomBytes } from 'node:crypto';

import type { Values } from '#core/field.ts';
import { isUuid } from '#core/ids.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { SYSTEM_NAME, type SystemBody, changedFields, isBodyField, readSystemBody } from '#core/system-body.ts';
import { SYSTEM_KINDS, type SystemKindName } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, refuseClosed, refuseUnknown, requireId, requireKind } from '#operations/resolve.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import {
  type SystemRow,
  countSystems,
  findSystem,
  insertSystem,
  openSecrets,
  pauseSystem,
  removeSystem,
  updateSystem,
} from '#store/system.ts';

import { getLockedSystem, refuseStaleSystem } from './find-system.ts';
import { type SystemView, paceOf, systemView } from './system-view.ts';

type Input = Readonly<Record<string, unknown>>;

export interface ChangeOptions {
  readonly version?: number | undefined;
  readonly idempotency?: IdempotencyKey | undefined;
}

/**
 * Adds a system. What it serves catches up by itself. `generated` has the credentials that were made because none were given,
 * which nobody is shown again. Accounts other than the platform add webhooks alone. Throws `not_found`,
 * `forbidden`, `invalid`, `exists` for a name that is taken, `closed`.
 */
export async function createSystem(
  context: OperationContext,
  actor: Actor,
  input: Input,
  idempotency?: IdempotencyKey,
): Promise<Performed<SystemView> & { readonly generated: Values }> {
  // Apart from the answer, which is kept for a repeated request.
  let generated: Values = {};
  const performed = await perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const given = input['account'] ?? asking.accountId;
    const account = await getEntity(transaction, asking, requireId(given, 'account'), 'account');
    requirePermission(asking, 'system:write');
    refuseOtherKinds(asking, input['kind']);
    const { name, kind, body } = readNew(input);
    requireKind(account, ['account'], 'account');
    if (account.id !== 0 && SYSTEM_KIND[kind].reach !== 'events')
      throw invalid({
        field: 'account',
        message: `must be the platform, 0: a ${kind} is told of things of all accounts`,
      });
    const taken = await findSystem(transaction, name);
    // That a name is taken cannot be hidden, by whom can.
    if (taken !== null) throw problem('exists', `There is a system ${name} already.`, { facts: { system: name } });
    refuseClosed(account, 'given a system');
    if (account.id !== 0) {
      refuseGreedy(body);
      if ((await countSystems(transaction, account.id)) >= WEBHOOKS_MAX)
        throw problem('conflict', `${account.label} has ${WEBHOOKS_MAX} webhooks; no account has more.`, {
          facts: { limit: WEBHOOKS_MAX },
        });
    }
    generated = SYSTEM_KIND[kind].generate?.(body.settings, body.secrets, randomBytes) ?? {};
    const row = await insertSystem(transaction, context.sealingKey, {
      name,
      kind,
      accountId: account.id,
      ...body,
      secrets: { ...body.secrets, ...generated },
    });
    recordOf(work, 'system.created', row);
    return systemView(context, transaction, asking.accountId, row);
  });
  return { ...performed, generated: performed.replayed ? {} : generated };
}

function refuseOtherKinds(actor: Actor, kind: unknown): void {
  const known = SYSTEM_KINDS.find((name) => name === kind);
  if (actor.accountId !== 0 && known !== undefined && SYSTEM_KIND[known].reach !== 'events')
    throw problem('forbidden', `A system of kind ${known} is for the platform to add; an account adds webhooks.`, {
      facts: { kind: known },
    });
}

/** Webhooks of one account other than the platform, and how much each may keep this server busy: they share it with others. */
const WEBHOOKS_MAX = 25;
const GREED: Readonly<Partial<Record<keyof SystemBody, number>>> = { concurrency: 10, timeoutMs: 30_000 };

function refuseGreedy(body: SystemBody, fields: readonly string[] = Object.keys(GREED)): void {
  const errors = Object.entries(GREED).flatMap(([field, max]): FieldError[] =>
    fields.includes(field) && Number(body[field as keyof SystemBody]) > max // A name of just above.
      ? [{ field, message: `must be at most ${max} for a webhook of an account` }]
      : [],
  );
  if (errors.length > 0) throw invalid(...errors);
}

function readNew(input: Input): { name: string; kind: SystemKindName; body: SystemBody } {
  const errors: FieldError[] = [];
  const { name, kind: givenKind } = input;
  if (typeof name !== 'string' || !SYSTEM_NAME.test(name))
    errors.push({
      field: 'name',
      message: 'must begin with a letter and have at most 64 lower-case letters, digits, _ or -',
    });
  // A system is asked for by either: nobody may name one by the UUID of another.
  else if (isUuid(name)) errors.push({ field: 'name', message: 'must not have the form of a UUID' });
  const kind = SYSTEM_KINDS.find((known) => known === givenKind);
  if (kind === undefined) errors.push({ field: 'kind', message: `must be one of ${SYSTEM_KINDS.join(', ')}` });
  for (const field of Object.keys(input))
    if (!['name', 'kind', 'account'].includes(field) && !isBodyField(field))
      errors.push({ field, message: 'is no field of a system' });
  const body = kind === undefined ? null : readSystemBody(SYSTEM_KIND[kind], input, null, errors);
  if (errors.length > 0 || kind === undefined || body === null) throw invalid(...errors);
  return { name: String(name), kind, body };
}

/** What an answer has and a caller may send back unread. */
const SHOWN = new Set(['id', 'name', 'kind', 'account', 'state', 'targets', 'version', 'createdAt', 'updatedAt']);

/**
 * Changes what is given of a system; absent settings and secrets stay, `null` clears them. Name, kind and account never
 * change. Throws `not_found`, `forbidden`, `invalid`, `precondition_failed`.
 */
export function changeSystem(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Input,
  options: ChangeOptions = {},
): Promise<Performed<SystemView>> {
  return perform(context, actor, { lock: 'none', idempotency: options.idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const row = await getLockedSystem(transaction, asking, name);
    const former = bodyOf(context, row);
    const body = readChange(row, input, former);
    refuseStaleSystem(row, options.version);
    const fields = changedFields(former, body);
    if (row.account_id !== 0) refuseGreedy(body, fields);
    if (fields.length === 0) return systemView(context, transaction, asking.accountId, row);
    const changed = await updateSystem(transaction, context.sealingKey, row, body);
    recordOf(work, 'system.changed', row, { fields });
    return systemView(context, transaction, asking.accountId, changed);
  });
}

function readChange(row: SystemRow, input: Input, former: SystemBody): SystemBody {
  const errors: FieldError[] = [];
  const shown: Input = { id: row.uuid, name: row.name, kind: row.kind };
  for (const [field, value] of Object.entries(input)) {
    if (isBodyField(field)) continue;
    if (!SHOWN.has(field)) errors.push({ field, message: 'is no field of a system' });
    else if (Object.hasOwn(shown, field) && value !== shown[field])
      errors.push({ field, message: 'cannot be changed: add another system, and remove this one' });
  }
  const given = withoutShown(input);
  const body = readSystemBody(SYSTEM_KIND[row.kind], given, former, errors);
  refuseSecretsElsewhere(row, given, former, body, errors);
  if (errors.length > 0) throw invalid(...errors);
  return body;
}

/** Settings that say where a system is. */
const ADDRESS = ['url', 'host', 'port', 'transport'];

/** Whoever may write a system must not learn its credentials by having them sent to a place of his own. */
function refuseSecretsElsewhere(
  { kind }: SystemRow,
  { secrets }: Input,
  former: SystemBody,
  body: SystemBody,
  errors: FieldError[],
): void {
  const isElsewhere = ADDRESS.some((name) => (former.settings[name] ?? null) !== (body.settings[name] ?? null));
  if (!isElsewhere) return;
  const given = typeof secrets === 'object' && secrets !== null ? Object.keys(secrets) : [];
  for (const name of SYSTEM_KIND[kind].sends ?? [])
    if ((former.secrets[name] ?? null) !== null && !given.includes(name))
      errors.push({ field: `secrets.${name}`, message: 'must be given again, since it goes to another address' });
}

/** What an answer says of secrets, true or false, is no secret, so that an answer can be sent back. */
function withoutShown(input: Input): Input {
  const { secrets } = input;
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) return input;
  return {
    ...input,
    secrets: Object.fromEntries(Object.entries(secrets).filter(([, value]) => typeof value !== 'boolean')),
  };
}

function bodyOf(context: OperationContext, row: SystemRow): SystemBody {
  const secrets = openSecrets(context.sealingKey, row);
  return { settings: row.settings, secrets, drift: row.drift, ...paceOf(row) };
}

/**
 * Removes a system with all that is known of its targets; nothing is told to it any more. Answers it as it was, its targets
 * counted. Throws `not_found`, `forbidden`, `precondition_failed`.
 */
export function deleteSystem(
  context: OperationContext,
  actor: Actor,
  name: string,
  options: ChangeOptions = {},
): Promise<Performed<SystemView>> {
  return perform(context, actor, { lock: 'none', idempotency: options.idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const row = await getLockedSystem(transaction, asking, name);
    refuseStaleSystem(row, options.version);
    const view = await systemView(context, transaction, asking.accountId, row);
    await removeSystem(transaction, row.id);
    recordOf(work, 'system.removed', row);
    return view;
  });
}

const NOTE_MAX = 2_000;

/** Stops telling a system, for maintenance; what is due stays due. Paused once more it takes the new note. */
export function pause(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Input,
  idempotency?: IdempotencyKey,
): Promise<Performed<SystemView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const row = await getLockedSystem(transaction, asking, name);
    refuseUnknown(input, ['note'], 'a pause');
    const note = input['note'] ?? null;
    if (note !== null && (typeof note !== 'string' || note === '' || note.length > NOTE_MAX || note.includes('\u0000')))
      throw invalid({ field: 'note', message: `must be text of 1 to ${NOTE_MAX} characters` });
    if (row.paused_at !== null && row.pause_note === note)
      return systemView(context, transaction, asking.accountId, row);
    const paused = await pauseSystem(transaction, row.id, { by: asking.name, note });
    recordOf(work, 'system.paused', row);
    return systemView(context, transaction, asking.accountId, paused ?? row);
  });
}

/** Tells a system again, at once and with its circuit closed. */
export function resume(
  context: OperationContext,
  actor: Actor,
  name: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<SystemView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const row = await getLockedSystem(transaction, asking, name);
    if (row.paused_at === null) return systemView(context, transaction, asking.accountId, row);
    const resumed = await pauseSystem(transaction, row.id, null);
    recordOf(work, 'system.resumed', row);
    return systemView(context, transaction, asking.accountId, resumed ?? row);
  });
}

function recordOf({ transaction }: Work, kind: string, row: SystemRow, more: Input = {}): void {
  transaction.record({
    kind,
    entityId: row.account_id,
    facts: { system: row.uuid, name: row.name, systemKind: row.kind, ...more },
    touched: [],
  });
}
