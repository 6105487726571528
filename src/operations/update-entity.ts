/** Changes typed fields of an entity. Its place and its owner are changed by move and transfer. */
import { isSerialKeptOrRaised } from '#core/dns-serial.ts';
import type { Json, Values } from '#core/field.ts';
import { readFields } from '#core/field.ts';
import { identifiersOf, labelOf } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { KIND_FIELDS, judgeFields } from '#core/kind-fields.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { replaceProperties } from '#core/property.ts';
import { isAbove, requirePermission } from '#operations/access.ts';
import { asProperties, notEntitled } from '#operations/properties.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { judgeContainer } from '#operations/create/container.ts';
import { changedFactsOf } from '#operations/facts.ts';
import { applySipPassword, mailboxHash, readPassword } from '#operations/credentials.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { NO_RENAMING, judgeNames, renameEntity } from '#operations/rename.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, getLinked, getLocked, refuseClosed, refuseStale, requireKind } from '#operations/resolve.ts';
import { type EntityState, touchEntity } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { readKindRows, updateKindRow } from '#store/kind-row.ts';

export interface UpdateOptions {
  /** The version that the caller read (`If-Match`). */
  readonly version?: number | undefined;
  readonly idempotency?: IdempotencyKey | undefined;
}

/**
 * Writes the given fields and leaves the others. Throws `invalid` for each wrong field, `exists` when a new name is
 * taken, `closed` for what is closed, `precondition_failed` for another version.
 */
export function updateEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  options: UpdateOptions = {},
): Promise<Performed<EntityView>> {
  return perform(context, actor, { lock: 'shared', idempotency: options.idempotency }, (work) =>
    updateWithin(work, id, input, options.version),
  );
}

/** The body of `updateEntity`, for use inside a larger transaction. */
export async function updateWithin(
  work: Work,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  version?: number,
): Promise<EntityView> {
  const { transaction, actor } = work;
  const { sealingKey } = work.context;
  const entity = await getLocked(transaction, actor, id, 'entity:update');
  const errors: FieldError[] = [];
  refuseUnknown(entity, input, errors);
  const { kind } = entity;
  const changed = readFields(KIND_FIELDS[kind], input, 'update', errors);
  const password = readPassword(kind, input, errors);
  const former = (await readKindRows(transaction, kind, [entity.id], sealingKey)).get(entity.id) ?? {};
  refuseReserved(actor, entity, former, changed);
  if (kind === 'account') judgeAccount(actor, former, changed);
  const next: Values = { ...former, ...changed };
  judgeFields(kind, next, errors);
  if (kind === 'dns_zone') judgeSerial(former, next, errors);
  for (const name of ['value', 'priority'])
    if (kind === 'dns_record' && next[name] !== former[name]) changed[name] = next[name] ?? null;
  const container = await containerOf(work, entity);
  if (container !== null) judgeContainer(kind, next, container, errors);
  judgeDigests(kind, former, next, password, changed, errors);
  const targets = await findTargets(work, entity, changed);
  if (errors.length > 0) throw invalid(...errors);
  applyTargets(entity, targets, changed, next);
  const domain = await domainOf(work, next);
  const identifiers = identifiersOf(kind, next, container, domain);
  const isRenamed = JSON.stringify(identifiers) !== JSON.stringify(identifiersOf(kind, former, container, domain));
  const renaming = isRenamed ? await judgeNames(work, entity, identifiers) : NO_RENAMING;
  if (!isPorting(kind, changed)) refuseClosed(entity, 'changed');
  refuseBuying(former, changed);
  refuseStale(entity, version);
  if (kind === 'mailbox' && password !== null) changed['passwordHash'] = await mailboxHash(password);
  if (kind === 'sip_account' && password !== null) {
    const digests: Values = { realm: next['realm'] ?? null };
    applySipPassword(digests, String(next['username']), String(container?.values['domain']), password);
    Object.assign(changed, digests);
  }
  for (const [name, value] of Object.entries(changed))
    if (JSON.stringify(value) === JSON.stringify(former[name])) delete changed[name];
  if (Object.keys(changed).length === 0) return readView(transaction, actor, entity.id);
  await updateKindRow(transaction, sealingKey, kind, entity.id, changed);
  const takenFrom = await renameEntity(work, entity, renaming);
  await touchEntity(transaction, entity.id, labelOf(kind, next, identifiers));
  transaction.record({
    kind: 'entity.updated',
    entityId: entity.id,
    touched: [entity.id, ...takenFrom],
    ...changedFactsOf(kind, former, changed),
  });
  return readView(transaction, actor, entity.id);
}

/** Refuses (`conflict`) another provider while one is being asked for the number. */
function refuseBuying(former: Values, changed: Values): void {
  if (typeof former['purchasePendingSince'] !== 'string') return;
  const field = ['provider', 'providerReference'].find((name) => name in changed && changed[name] !== former[name]);
  if (field === undefined) return;
  throw problem('conflict', `${field}: the number is being bought; it can be changed when that is settled.`, {
    errors: [{ field, message: 'cannot be changed while the number is being bought' }],
  });
}

/** A number can be asked for by another operator when it is closed, too, and such a request can come to its end. */
function isPorting(kind: Kind, changed: Values): boolean {
  const names = Object.keys(changed);
  return kind === 'phone_number' && names.length > 0 && names.every((name) => name === 'portOutPendingSince');
}

function refuseUnknown(entity: EntityState, input: Readonly<Record<string, unknown>>, errors: FieldError[]): void {
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(KIND_FIELDS[entity.kind], name)) continue;
    if (name === 'password' && (entity.kind === 'sip_account' || entity.kind === 'mailbox')) continue;
    if (name === 'parent') errors.push({ field: name, message: 'is changed by move' });
    else if (name === 'owner') errors.push({ field: name, message: 'is changed by transfer' });
    else errors.push({ field: name, message: `is no field of ${entity.kind} that can be changed` });
  }
}

/** Refuses (`forbidden`) what only an account above, or the platform, may change. */
function refuseReserved(actor: Actor, entity: EntityState, former: Values, changed: Values): void {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(changed)) {
    const by = KIND_FIELDS[entity.kind][name]?.by;
    if (by === undefined || JSON.stringify(value) === JSON.stringify(former[name])) continue;
    const isEntitled = actor.accountId === 0 || (by === 'above' && isAbove(actor, entity));
    if (!isEntitled)
      errors.push({ field: name, message: `is for ${by === 'above' ? 'an account above' : 'the platform'} to change` });
  }
  if (errors.length > 0)
    throw problem('forbidden', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), { errors });
}

/** Keeps the properties that the actor may not write. Throws `forbidden`. */
function judgeAccount(actor: Actor, former: Values, changed: Values): void {
  // Whose logins act as the reseller is decided by whoever may make logins.
  if (changed['impersonate'] !== undefined && changed['impersonate'] !== former['impersonate'])
    requirePermission(actor, 'login:write');
  if (changed['properties'] === undefined) return;
  const properties = asProperties(former['properties']);
  const { next, refused } = replaceProperties(properties, asProperties(changed['properties']), actor.authority);
  if (refused.length > 0) throw notEntitled(refused);
  if (JSON.stringify(next) !== JSON.stringify(properties)) requirePermission(actor, 'property:write');
  changed['properties'] = next as unknown as Json; // Plain data.
}

/** Those who transferred a zone would take no lower serial for news. */
function judgeSerial(former: Values, next: Values, errors: FieldError[]): void {
  const [was, wanted] = [former['serial'], next['serial']];
  if (typeof was === 'number' && typeof wanted === 'number' && !isSerialKeptOrRaised(was, wanted))
    errors.push({ field: 'serial', message: `must not go back from ${was} (RFC 1982)` });
}

/** Digests are bound to the user name: a new one needs the password again, or new digests. */
function judgeDigests(
  kind: string,
  former: Values,
  next: Values,
  password: string | null,
  changed: Values,
  errors: FieldError[],
): void {
  if (kind !== 'sip_account' || former['ha1'] === null) return;
  const renamed = former['username'] !== next['username'] || former['realm'] !== next['realm'];
  if (renamed && password === null && changed['ha1'] == null)
    errors.push({
      field: 'password',
      message: 'is needed with a new username or realm: the digests are bound to them',
    });
}

/** The container's fields, where they are part of names. */
export async function containerOf(work: Work, entity: Pick<EntityState, 'parent_id'>) {
  if (entity.parent_id === null) return null;
  const parent = await getLinked(work.transaction, entity.parent_id);
  const values = (await readKindRows(work.transaction, parent.kind, [parent.id])).get(parent.id) ?? {};
  return { kind: parent.kind, values };
}

/** The SIP domain of a number that lives inside one. */
export async function domainOf(work: Work, values: Values): Promise<string | null> {
  const id = values['domain'];
  if (typeof id !== 'number') return null;
  const row = (await readKindRows(work.transaction, 'sip_domain', [id])).get(id);
  return typeof row?.['domain'] === 'string' ? row['domain'] : null;
}

/** What the given references name. Throws `not_found`. */
async function findTargets(work: Work, entity: EntityState, changed: Values): Promise<Map<string, EntityState>> {
  const targets = new Map<string, EntityState>();
  for (const [name, field] of Object.entries(KIND_FIELDS[entity.kind])) {
    const given: Json | undefined = changed[name];
    if (field.type !== 'reference' || given === undefined || given === null) continue;
    targets.set(name, await getEntity(work.transaction, work.actor, given as string | number, name)); // readFields lets nothing else through.
  }
  return targets;
}

/** Puts the numbers of what references name in their place. Throws `invalid`, `closed`. */
function applyTargets(
  entity: EntityState,
  targets: ReadonlyMap<string, EntityState>,
  changed: Values,
  next: Values,
): void {
  for (const [name, target] of targets) {
    const field = KIND_FIELDS[entity.kind][name];
    if (field?.type === 'reference') requireKind(target, field.kinds, name);
    if (target.id === entity.id) throw invalid({ field: name, message: 'must be another entity' });
    refuseClosed(target, `the ${name} of anything`);
    changed[name] = target.id;
    next[name] = target.id;
  }
}
