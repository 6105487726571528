/**
 * An entity as callers see it: names, place, standing, and the typed fields that are set.
 */
import type { Json, Values } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { type Standing, standingOf } from '#core/restrictions.ts';
import type { Actor } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers, uuidsOf } from '#store/entity.ts';
import { identifiersByEntity } from '#store/identifier.ts';
import { readKindRows } from '#store/kind-row.ts';
import type { SealingKey } from '#store/sealing.ts';

export interface EntityView {
  readonly id: string;
  readonly number: number;
  readonly kind: Kind;
  readonly label: string;
  readonly parent: string | null;
  readonly owner?: string;
  readonly standing: Standing;
  readonly lifecycle: 'open' | 'closed';
  readonly closedAt?: string;
  readonly erasedAt?: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly identifiers: readonly string[];
  readonly [field: string]: unknown;
}

/** The standing that SQL computed with the row. */
export function standingOfState(entity: EntityState): Standing {
  return standingOf({
    denied: entity.denied,
    intercepted: entity.intercepted,
    closed: entity.closed,
    ownerClosed: entity.owner_closed,
  });
}

/**
 * The views of entities, in the order given; with secrets for whoever brings the key of the sealed ones. What they refer
 * to and the actor may not see is left out.
 */
export async function readViews(
  session: Session,
  actor: Pick<Actor, 'accountId'>,
  entities: readonly EntityState[],
  secretsWith: SealingKey | null = null,
): Promise<EntityView[]> {
  const ids = entities.map((entity) => entity.id);
  const values = await valuesByEntity(session, entities, secretsWith);
  const names = await identifiersByEntity(session, ids);
  const uuids = await uuidsOf(session, referencedIds(entities, values), actor.accountId);
  return entities.map((entity) => {
    const owner = entity.owner_id === null ? undefined : uuids.get(entity.owner_id);
    return {
      id: entity.uuid,
      number: entity.id,
      kind: entity.kind,
      label: entity.label,
      parent: entity.parent_id === null ? null : (uuids.get(entity.parent_id) ?? null),
      ...(owner === undefined ? {} : { owner }),
      standing: standingOfState(entity),
      lifecycle: entity.closed_at === null ? ('open' as const) : ('closed' as const),
      ...(entity.closed_at === null ? {} : { closedAt: entity.closed_at.toISOString() }),
      ...(entity.erased_at === null ? {} : { erasedAt: entity.erased_at.toISOString() }),
      version: entity.version,
      createdAt: entity.created_at.toISOString(),
      updatedAt: entity.updated_at.toISOString(),
      identifiers: (names.get(entity.id) ?? [])
        .filter(({ scheme }) => scheme !== 'rr')
        .map(({ scheme, value }) => `${scheme}:${value}`),
      ...shown(entity.kind, values.get(entity.id) ?? {}, uuids),
    };
  });
}

/** The view of one entity as it is now. */
export async function readView(session: Session, actor: Pick<Actor, 'accountId'>, id: number): Promise<EntityView> {
  const [view] = await readViews(session, actor, await listByNumbers(session, [id]));
  if (view === undefined) throw new Error(`entity ${id} vanished: rows are never deleted`);
  return view;
}

async function valuesByEntity(
  session: Session,
  entities: readonly EntityState[],
  secretsWith: SealingKey | null,
): Promise<Map<number, Values>> {
  const byKind = Map.groupBy(entities, (entity) => entity.kind);
  const all = new Map<number, Values>();
  for (const [kind, group] of byKind) {
    const rows = await readKindRows(
      session,
      kind,
      group.map((entity) => entity.id),
      secretsWith,
    );
    for (const [id, values] of rows) all.set(id, values);
  }
  return all;
}

function referencedIds(entities: readonly EntityState[], values: ReadonlyMap<number, Values>): number[] {
  const ids = new Set<number>();
  for (const entity of entities) {
    if (entity.parent_id !== null) ids.add(entity.parent_id);
    if (entity.owner_id !== null) ids.add(entity.owner_id);
    for (const [name, field] of Object.entries(KIND_FIELDS[entity.kind])) {
      const value = values.get(entity.id)?.[name];
      if (field.type === 'reference' && typeof value === 'number') ids.add(value);
    }
  }
  return [...ids];
}

/** The fields that are set; references as UUIDs. */
function shown(kind: Kind, values: Values, uuids: ReadonlyMap<number, string>): Record<string, Json> {
  const out: Record<string, Json> = {};
  for (const [name, field] of Object.entries(KIND_FIELDS[kind])) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    out[name] = field.type === 'reference' ? (uuids.get(Number(value)) ?? null) : value;
  }
  return out;
}
