/** An entity and all that reached it at a revision, from the log alone: a handful of queries, however deep it lay. */
import { type Identifier, identifiersOf, labelOf } from '#core/identifier.ts';
import { ERASED } from '#core/personal.ts';
import {
  type LoggedChange,
  type PastEntity,
  type PastHold,
  replayEntity,
  replayHolds,
  rootBefore,
} from '#core/replay.ts';
import { notFound } from '#operations/resolve.ts';
import { type ChainLink, listChainAt, listEntityChanges, listNodeNames } from '#store/as-of.ts';
import { type Change, firstRevision } from '#store/change-list.ts';
import type { Session } from '#store/database.ts';
import { hasOlderPlatformHold } from '#store/retention.ts';

import { archived } from './moment.ts';

/** One node of the chain as it was. */
export interface PastNode {
  readonly id: number;
  readonly uuid: string;
  readonly entity: PastEntity;
  readonly holds: readonly PastHold[];
  readonly label: string;
  readonly identifiers: readonly Identifier[];
}

export interface Past {
  readonly self: PastNode;
  readonly nodes: ReadonlyMap<number, PastNode>;
  /** From the entity up to the platform, then its owner's line. */
  readonly chain: readonly ChainLink[];
}

/** Throws `not_found` before its creation, `conflict` when the changes that made it are archived. */
export async function loadPast(session: Session, id: number, revision: number): Promise<Past> {
  const chain = await listChainAt(session, id, revision);
  const ids = [...new Set(chain.map((link) => link.entity_id))];
  const entities = new Map<number, PastEntity>();
  const holds = new Map<number, PastHold[]>();
  await replayAll(session, ids, revision, entities, holds);
  const first = (await firstRevision(session)) ?? 1;
  // The platform was there before the log: what an archive took of it is known by nothing else.
  if (first > 1 && (id === 0 || (await hasOlderPlatformHold(session)))) throw archived(first);
  if (!entities.has(id)) {
    if (first > 1 && (await isOlder(session, id))) throw archived(first);
    throw notFound(`entity ${id} at revision ${revision}`);
  }
  const domains = ids.map((node) => entities.get(node)?.values['domain']).filter((value) => typeof value === 'number');
  if (domains.length > 0) await replayAll(session, domains, revision, entities, new Map());
  const names = new Map((await listNodeNames(session, ids)).map((row) => [row.id, row]));
  const nodes = new Map<number, PastNode>();
  for (const node of ids) {
    const entity = entities.get(node);
    if (entity === undefined) throw archived(first);
    const identifiers = namesOf(entity, entities);
    nodes.set(node, {
      id: node,
      uuid: names.get(node)?.uuid ?? '',
      entity,
      holds: holds.get(node) ?? [],
      label: pastLabel(entity, identifiers),
      identifiers: entity.hasNames ? identifiers : [],
    });
  }
  const self = nodes.get(id);
  if (self === undefined) throw new Error('the chain begins with the entity');
  return { self, nodes, chain };
}

async function replayAll(
  session: Session,
  ids: readonly number[],
  revision: number,
  entities: Map<number, PastEntity>,
  holds: Map<number, PastHold[]>,
): Promise<void> {
  const wanted = ids.filter((id) => !entities.has(id));
  const changes = Map.groupBy(await listEntityChanges(session, wanted, revision), (change) => change.entity_id);
  for (const id of wanted) {
    const own = (changes.get(id) ?? []).map(logged);
    const from = id === 0 ? rootBefore((await listNodeNames(session, [0]))[0]?.created_at.getTime() ?? 0) : null;
    const entity = replayEntity(own, from);
    if (entity !== null) entities.set(id, entity);
    holds.set(id, replayHolds(own));
  }
}

/** Whether the change that made an entity is archived. */
async function isOlder(session: Session, id: number): Promise<boolean> {
  const [created] = await listEntityChanges(session, [id], Number.MAX_SAFE_INTEGER);
  return created?.kind !== 'entity.created';
}

function logged(change: Change): LoggedChange {
  const { revision, at, actor, kind, facts, personal } = change;
  return { revision, atMs: at.getTime(), actor, kind, facts, personal };
}

/** The names that the entity had by its fields and its container; none where a part of them is erased. */
function namesOf(entity: PastEntity, entities: ReadonlyMap<number, PastEntity>): Identifier[] {
  const parent = entity.parent === null ? undefined : entities.get(entity.parent);
  const container = parent === undefined ? null : { kind: parent.kind, values: parent.values };
  const domain = entities.get(Number(entity.values['domain'] ?? -1))?.values['domain'];
  if (entity.erased.size > 0 || (parent?.kind !== 'account' && (parent?.erased.size ?? 0) > 0)) return [];
  return identifiersOf(entity.kind, entity.values, container, typeof domain === 'string' ? domain : null);
}

function pastLabel(entity: PastEntity, identifiers: readonly Identifier[]): string {
  return entity.erased.size > 0 ? ERASED : labelOf(entity.kind, entity.values, identifiers);
}
