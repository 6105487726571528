/**
 * From the names that callers use to entities, with the refusal that names the field.
 */
import { type Reference, readReference } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { requireRight, sees } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import type { Permission } from '#core/permission.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, findEntity, lockEntity } from '#store/entity.ts';
import type { Transaction } from '#store/transaction.ts';

/** Reads a reference, or throws `invalid` about the field. */
export function requireReference(given: string | number, field: string): Reference {
  const reading = readReference(given);
  if (!reading.ok) throw invalid({ field, message: reading.message });
  return reading.value;
}

/** Refuses (`invalid`) the fields of an input that nothing reads. */
export function refuseUnknown(input: object, known: readonly string[], of: string): void {
  const errors = Object.keys(input)
    .filter((field) => !known.includes(field))
    .map((field) => ({ field, message: `is no field of ${of}` }));
  if (errors.length > 0) throw invalid(...errors);
}

/** An id as a caller wrote it, or `invalid`. */
export function requireId(value: unknown, field: string): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  const error: FieldError = {
    field,
    message: 'must be an id: a UUID, a number or an identifier such as sip:alice@example.com',
  };
  throw value === undefined ? problem('invalid', `${field}: is missing`, { errors: [error] }) : invalid(error);
}

/** The entity, or `not_found`; what the actor may not see does not exist for it. */
export async function getEntity(
  session: Session,
  actor: Actor,
  given: string | number,
  field = 'id',
): Promise<EntityState> {
  const entity = await findEntity(session, requireReference(given, field));
  if (entity === null || !sees(actor, entity)) throw notFound(given);
  return entity;
}

/** The entity as `getEntity` finds it, if the actor may do this to it; else `forbidden`. */
export async function getPermitted(
  session: Session,
  actor: Actor,
  given: string | number,
  permission: Permission,
): Promise<EntityState> {
  const entity = await getEntity(session, actor, given);
  requireRight(actor, entity, permission);
  return entity;
}

/** The same, locked until the transaction ends, with its standing as of after the lock. */
export async function getLocked(
  transaction: Transaction,
  actor: Actor,
  given: string | number,
  permission: Permission,
): Promise<EntityState> {
  const entity = await getPermitted(transaction, actor, given, permission);
  return lockEntity(transaction, entity.id);
}

/** An entity that another one refers to, whoever may see it. */
export async function getLinked(session: Session, id: number): Promise<EntityState> {
  const entity = await findEntity(session, { by: 'number', number: id });
  if (entity === null) throw new Error(`entity ${id} vanished: rows are never deleted`);
  return entity;
}

export function notFound(given: string | number) {
  return problem('not_found', `There is no ${given}.`, { facts: { entity: String(given) } });
}

/** Refuses what nothing closed may undergo: it is `closed`, by itself or by what contains it. */
export function refuseClosed(entity: EntityState, doing: string): void {
  if (entity.closed)
    throw problem('closed', `${entity.label} is closed; it cannot be ${doing}.`, { facts: { entity: entity.uuid } });
}

/** Refuses a stale `If-Match`. */
export function refuseStale(entity: EntityState, version: number | undefined): void {
  if (version !== undefined && version !== entity.version)
    throw problem(
      'precondition_failed',
      `${entity.label} has version ${entity.version}, not ${version}; read it again.`,
      {
        facts: { version: entity.version },
      },
    );
}

/** Refuses an entity of a kind that does not fit the field. */
export function requireKind(entity: EntityState, kinds: readonly Kind[], field: string): void {
  if (!kinds.includes(entity.kind))
    throw invalid({ field, message: `must be ${kinds.join(' or ')}, and ${entity.label} is ${entity.kind}` });
}
