/**
 * From the names that callers use to entities, with the refusal that names the field.
 */
import { type Reference, readReference } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
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

/** The entity, or `not_found`. */
export async function getEntity(session: Session, given: string | number, field = 'id'): Promise<EntityState> {
  const entity = await findEntity(session, requireReference(given, field));
  if (entity === null) throw notFound(given);
  return entity;
}

/** The entity, locked until the transaction ends, with its standing as of after the lock. */
export async function getLocked(transaction: Transaction, given: string | number): Promise<EntityState> {
  const entity = await getEntity(transaction, given);
  return lockEntity(transaction, entity.id);
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
