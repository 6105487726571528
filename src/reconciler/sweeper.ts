/**
 * Reads the log of changes, in order, and turns each change that can matter into targets and sweeps.
 *
 * One process at a time reads, a page in a transaction: what was read and how far is committed together. Nothing is written
 * where no system has to be told.
 */
import { type SystemKind } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { Naming, NodeRow } from '#store/sweep-bind.ts';
import { beginBinding, forgetUnnamed, listKinds, listNamings, listOwnTargets } from '#store/sweep-bind.ts';
import {
  doubtAll,
  type LogPosition,
  type LoggedChange,
  type NewSweep,
  type ToldSystem,
  insertSweeps,
  listHeldNodes,
  lockCursor,
  moveCursor,
  readLogPage,
  replaceTargets,
} from '#store/sweep-log.ts';
import { type Hit, type NewTarget, makeTargets, reachTargets } from '#store/sweep-reach.ts';
import type { Transaction } from '#store/transaction.ts';

/** Revisions that one transaction reads: a second of the fastest writing. */
const SPAN = 2_000;

export interface Ingested {
  /** Whether more is to be read. */
  readonly isBehind: boolean;
  readonly sweeps: number;
  /** Systems that have something to tell now. */
  readonly systems: ReadonlySet<number>;
}

const NOTHING: Ingested = { isBehind: false, sweeps: 0, systems: new Set() };

/** Reads one page. Somebody else reading is no work for us. */
export async function ingestPage(transaction: Transaction): Promise<Ingested> {
  const position = await lockCursor(transaction);
  if (position === null) return NOTHING;
  if (position.epoch !== position.head_epoch) return beginEpoch(transaction, position);
  const page = await readLogPage(transaction, position.revision, SPAN);
  if (page.head <= position.revision) return NOTHING;
  const end = page.systems.length === 0 ? page.head : Math.min(page.head, position.revision + SPAN);
  const ingested = await ingest(transaction, page.changes, page.systems);
  await moveCursor(transaction, position.head_epoch, end);
  return { ...ingested, isBehind: end < page.head };
}

/**
 * Another history: that of a restored backup, or the first of all. Log, cursor and targets were restored together, so the
 * reading goes on where it was. But what the systems were told after the backup is forgotten here: all is told afresh.
 */
async function beginEpoch(transaction: Transaction, position: LogPosition): Promise<Ingested> {
  await moveCursor(transaction, position.head_epoch, Math.min(position.revision, position.head));
  if (position.epoch !== null) await doubtAll(transaction);
  return { ...NOTHING, isBehind: true };
}

async function ingest(
  transaction: Transaction,
  changes: readonly LoggedChange[],
  systems: readonly ToldSystem[],
): Promise<Ingested> {
  if (changes.length === 0) return NOTHING;
  const held = await listHeldNodes(transaction, [...new Set(changes.flatMap((change) => change.profile ?? []))]);
  const sweeps = changes.flatMap((change) => sweepOf(change, systems, held) ?? []);
  await replaceTargets(
    transaction,
    changes
      .filter(({ kind }) => kind === 'entity.moved' || kind === 'entity.transferred')
      .flatMap((change) => change.entity_id ?? []),
  );
  const bound = await bindNamed(transaction, changes, systems);
  const byHand = await bindByHand(transaction, changes, systems);
  const nodes = await bindNodes(transaction, sweeps, systems);
  const made = [...(await makeTargets(transaction, [...bound, ...nodes])), ...byHand.made];
  const own = await ownHits(transaction, changes);
  const hits: Hit[] = [...own, ...bound, ...nodes, ...byHand.made, ...byHand.again];
  const planned = new Set(sweeps.map((sweep) => sweep.revision));
  const byRevision = new Map(changes.map((change) => [change.revision, change]));
  const direct = [...new Set(hits.map((hit) => hit.revision))].flatMap((revision): NewSweep[] => {
    const change = byRevision.get(revision);
    if (change === undefined || planned.has(revision)) return [];
    return [{ ...asSweep(change, [change.entity_id ?? 0], null), size: 'done' }];
  });
  await insertSweeps(transaction, [...sweeps, ...direct]);
  const due = await reachTargets(transaction, hits, made);
  return { isBehind: false, sweeps: sweeps.length, systems: due };
}

function asSweep({ revision, at, kind }: LoggedChange, nodes: readonly number[], onlySystemId: number | null) {
  return { revision, at, cause: kind, nodes, onlySystemId };
}

/** The sweep that a change begins; null when it reaches nothing, or only what it is about itself. */
function sweepOf(
  change: LoggedChange,
  systems: readonly ToldSystem[],
  held: ReadonlyMap<string, readonly number[]>,
): NewSweep | null {
  switch (change.kind) {
    case 'hold.placed':
    case 'hold.lifted':
      // A hold for later, or one that was never in force, changes nothing yet.
      if (change.hold_counts === false) return null;
      return { ...asSweep(change, [change.entity_id ?? 0], null), size: 'open' };
    case 'hold.activated':
    case 'hold.expired':
    case 'entity.moved':
    case 'entity.transferred':
    case 'entity.closed':
      return { ...asSweep(change, [change.entity_id ?? 0], null), size: 'open' };
    case 'profile.changed': {
      const nodes = held.get(change.profile ?? '') ?? [];
      return nodes.length === 0 ? null : { ...asSweep(change, nodes, null), size: 'large' };
    }
    case 'system.created':
    case 'system.changed': {
      const system = systems.find(({ uuid }) => uuid === change.system);
      return system === undefined ? null : { ...asSweep(change, [0], system.id), size: 'large' };
    }
    default:
      return null;
  }
}

/** Entities that name a system are told to it from now on, and those that name another are forgotten by the former one. */
async function bindNamed(
  transaction: Transaction,
  changes: readonly LoggedChange[],
  systems: readonly ToldSystem[],
): Promise<NewTarget[]> {
  const revisions = new Map<number, number>();
  const updated: number[] = [];
  for (const { kind, entity_id: id, revision, created_kind: created } of changes) {
    if (id === null) continue;
    if (kind === 'entity.updated') updated.push(id);
    else if (kind !== 'entity.created' || (created !== 'foreign' && created !== 'phone_number')) continue;
    if (!revisions.has(id)) revisions.set(id, revision);
  }
  if (revisions.size === 0) return [];
  if (updated.length > 0) await forgetUnnamed(transaction, updated);
  const kinds = new Map(systems.map(({ id, kind }) => [id, SYSTEM_KIND[kind]]));
  const ids = [...kinds].filter(([, kind]) => kind.reach === 'bound').map(([id]) => id);
  const namings = await listNamings(transaction, [...revisions.keys()], ids);
  return asTargets(namings, kinds, (naming) => revisions.get(naming.entity_id) ?? 0);
}

/** The targets that namings are, with their references as the kind of system reads them; null when it cannot. */
export function asTargets(
  namings: readonly Naming[],
  kinds: ReadonlyMap<number, SystemKind>,
  revisionOf: (naming: Naming) => number,
): NewTarget[] {
  return namings.flatMap((naming) => {
    const kind = kinds.get(naming.system_id);
    if (kind === undefined || !kind.serves.includes(naming.kind)) return [];
    const reading = kind.readReference(naming.given);
    return [
      {
        revision: revisionOf(naming),
        systemId: naming.system_id,
        entityId: naming.entity_id,
        reference: reading.ok ? reading.value : null,
        isNode: false,
      },
    ];
  });
}

/** The targets that nodes are in the systems that are told of nodes. */
export function asNodeTargets(
  nodes: readonly (NodeRow & { readonly revision: number })[],
  systems: readonly Pick<ToldSystem, 'id' | 'kind'>[],
): NewTarget[] {
  return systems.flatMap((system) => {
    const kind = SYSTEM_KIND[system.kind];
    if (kind.reach !== 'node') return [];
    return nodes
      .filter((node) => kind.serves.includes(node.kind))
      .map((node) => ({
        revision: node.revision,
        systemId: system.id,
        entityId: node.id,
        reference: {},
        isNode: true,
      }));
  });
}

async function bindNodes(
  transaction: Transaction,
  sweeps: readonly NewSweep[],
  systems: readonly ToldSystem[],
): Promise<NewTarget[]> {
  if (!systems.some((system) => SYSTEM_KIND[system.kind].reach === 'node')) return [];
  const reached = sweeps.filter((sweep) => sweep.onlySystemId === null);
  const kinds = new Map(
    (await listKinds(transaction, [...new Set(reached.flatMap((sweep) => sweep.nodes))])).map(({ id, kind }) => [
      id,
      kind,
    ]),
  );
  const nodes = reached.flatMap(({ nodes: ids, revision }) =>
    ids.flatMap((id) => {
      const kind = kinds.get(id);
      return kind === undefined ? [] : [{ id, kind, revision }];
    }),
  );
  return asNodeTargets(nodes, systems);
}

/** Bindings by hand are there already; here they get the revision of their change. */
async function bindByHand(
  transaction: Transaction,
  changes: readonly LoggedChange[],
  systems: readonly ToldSystem[],
): Promise<{ made: Hit[]; again: Hit[] }> {
  const [made, again]: [Hit[], Hit[]] = [[], []];
  for (const { kind, entity_id: entityId, system, revision } of changes) {
    if (kind !== 'target.bound' || entityId === null) continue;
    const systemId = systems.find(({ uuid }) => uuid === system)?.id;
    if (systemId === undefined) continue;
    const hit = { revision, systemId, entityId };
    ((await beginBinding(transaction, hit)) ? made : again).push(hit);
  }
  return { made, again };
}

/** What a change of an entity's fields reaches: what is told of that entity. */
async function ownHits(transaction: Transaction, changes: readonly LoggedChange[]): Promise<Hit[]> {
  const updated = changes.filter(({ kind }) => kind === 'entity.updated');
  if (updated.length === 0) return [];
  const targets = await listOwnTargets(
    transaction,
    updated.flatMap((change) => change.entity_id ?? []),
  );
  return updated.flatMap(({ revision, entity_id: id }) =>
    targets
      .filter((target) => target.entity_id === id)
      .map((target) => ({ revision, systemId: target.system_id, entityId: target.entity_id })),
  );
}
