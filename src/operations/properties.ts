/** Properties of accounts: read with what takes effect, and changed one by one. */
import type { Json } from '#core/field.ts';
import { type FieldError, type Problem, invalid, problem } from '#core/problem.ts';
import {
  type Property,
  type PropertyPermission,
  isEffective,
  mayWrite,
  mergeProperties,
  readProperties,
} from '#core/property.ts';
import { manages, requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, getLocked, refuseClosed, refuseUnknown, requireKind } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, resellersOf, touchEntity } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { readKindRows, updateKindRow } from '#store/kind-row.ts';
import { levelsOf } from '#store/role.ts';

export interface PropertyView {
  readonly name: string;
  readonly value: string;
  readonly category: string;
  readonly permission: PropertyPermission;
  /** Whether it takes effect: what a reseller has to pass on needs the reseller's own. */
  readonly effective: boolean;
  /** Whether the reader may change it. */
  readonly writable: boolean;
}

/** The properties of an account. Throws `not_found`, `invalid` for what is no account. */
export async function readAccountProperties(
  context: OperationContext,
  actor: Actor,
  id: string | number,
): Promise<PropertyView[]> {
  const session = reader(context);
  const account = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  requireKind(account, ['account'], 'id');
  return propertyViews(session, actor, account);
}

async function propertyViews(session: Session, actor: Actor, account: EntityState): Promise<PropertyView[]> {
  const reseller = (await resellersOf(session, [account.id])).get(account.id) ?? null;
  const isCustomer = (await levelsOf(session, [account.id])).get(account.id) === 'customer';
  const ofReseller = reseller === null || !isCustomer ? null : await propertiesOf(session, reseller);
  return (await propertiesOf(session, account.id)).map((property) => ({
    ...property,
    effective: isEffective(property, isCustomer ? 'customer' : 'reseller', ofReseller),
    writable: manages(actor, account) && mayWrite(actor.authority, property),
  }));
}

async function propertiesOf(session: Session, account: number): Promise<Property[]> {
  const row = (await readKindRows(session, 'account', [account])).get(account);
  return asProperties(row?.['properties']);
}

/** What was stored by `readProperties`. */
export function asProperties(stored: Json | undefined): Property[] {
  return Array.isArray(stored) ? stored : []; // Nothing else writes the column.
}

/** The refusal for properties that only a higher level may change. */
export function notEntitled(names: readonly string[]): Problem {
  const errors = names.map((name) => ({ field: 'properties', message: `${name} is for a higher level to change` }));
  return problem('forbidden', errors.map(({ message }) => message).join('; '), { errors });
}

/**
 * Writes the named properties of an account and leaves the others, and what is not said of a named one; a null value
 * removes one. Throws `forbidden` for one that a higher level has to change.
 */
export function setProperties(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<{ items: PropertyView[] }>> {
  return perform(context, actor, { lock: 'none', idempotency }, (work) => setWithin(work, id, input));
}

async function setWithin(work: Work, id: string | number, input: Readonly<Record<string, unknown>>) {
  const { transaction, actor } = work;
  const account = await getLocked(transaction, actor, id, 'property:write');
  requireKind(account, ['account'], 'id');
  refuseUnknown(input, ['properties'], 'a change of properties');
  const former = await propertiesOf(transaction, account.id);
  const { given, removed } = readGiven(input['properties'], former);
  const { next, refused } = mergeProperties(former, given, removed, actor.authority);
  if (refused.length > 0) throw notEntitled(refused);
  refuseClosed(account, 'changed');
  const check = readProperties(next);
  if (!check.ok) throw invalid({ field: 'properties', message: check.message });
  if (JSON.stringify(next) !== JSON.stringify(former)) {
    await updateKindRow(transaction, work.context.sealingKey, 'account', account.id, {
      properties: next as unknown as Json,
    }); // Plain data.
    await touchEntity(transaction, account.id, account.label);
    transaction.record({
      kind: 'entity.updated',
      entityId: account.id,
      facts: { properties: [...given.map((property) => property.name), ...removed] },
      touched: [account.id],
      personal: { properties: JSON.stringify(next), 'before.properties': JSON.stringify(former) },
    });
  }
  return { items: await propertyViews(transaction, actor, account) };
}

function readGiven(list: unknown, former: readonly Property[]): { given: Property[]; removed: string[] } {
  if (!Array.isArray(list)) throw invalid({ field: 'properties', message: 'must be a list of properties' });
  const isRemoval = (element: unknown) => (element as { value?: unknown } | null)?.value === null;
  const removed = list.filter(isRemoval).map((element: { name?: unknown }) => String(element.name));
  const reading = readProperties(
    list.filter((element) => !isRemoval(element)).map((element) => completed(element, former)),
  );
  const errors: FieldError[] = reading.ok ? [] : [{ field: 'properties', message: reading.message }];
  if (errors.length > 0 || !reading.ok) throw invalid(...errors);
  return { given: asProperties(reading.value), removed };
}

/** What is not said of a property that is there stays, its permission above all. */
function completed(given: unknown, former: readonly Property[]): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const there = former.find((property) => 'name' in given && property.name === given.name);
  return there === undefined ? given : { ...there, ...given };
}
