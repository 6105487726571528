/**
 * Lets sweeps reach the targets beneath their nodes. Any worker may expand any sweep; what it has done is committed with how
 * far it has come, so that another goes on after a crash.
 *
 * Many small sweeps are done in one transaction; a large one page by page, between the small ones, so that the suspension of
 * one customer never waits behind that of a reseller.
 */
import type { SystemKindName } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { listHeldAfter, listNamers, listTargetsAfter } from '#store/sweep-bind.ts';
import {
  type PageRow,
  type Path,
  type SweepRow,
  findBeneathByAccount,
  findSmallReach,
  listAccountsBeneath,
  listResourcesBeneath,
  listTargetPage,
  listTargetWindow,
  lockLargeSweep,
  lockSmallSweeps,
  markExpanded,
  markLarge,
  moveSweep,
  probeOnly,
} from '#store/sweep-expand.ts';
import { type Hit, makeTargets, reachTargets } from '#store/sweep-reach.ts';
import { findSystemKind } from '#store/system-state.ts';
import type { Transaction } from '#store/transaction.ts';

import { asNodeTargets, asTargets } from './sweeper.ts';

/** How much is done at once. */
export interface ExpanderLimits {
  /** Small sweeps of one transaction, and what each may reach to be one. */
  readonly sweeps: number;
  readonly small: { readonly accounts: number; readonly targets: number };
  /** Targets of one page. */
  readonly page: number;
  /** Accounts that one page looks at. */
  readonly accounts: number;
  /** Up to so many accounts are looked up one by one; beneath more, walking all targets costs less. */
  readonly accountsMax: number;
}

/** A transaction takes a tenth of a second or less. */
const LIMITS: ExpanderLimits = {
  sweeps: 50,
  small: { accounts: 50, targets: 200 },
  page: 2_000,
  accounts: 5_000,
  accountsMax: 200_000,
};
/** Beyond every number of an entity. */
const LAST = Number.MAX_SAFE_INTEGER;

export interface Expanded {
  readonly isBusy: boolean;
  readonly targets: number;
  readonly systems: ReadonlySet<number>;
}

const IDLE: Expanded = { isBusy: false, targets: 0, systems: new Set() };

interface Scope {
  /** The accounts beneath; null when they are too many to be listed. */
  readonly accounts: readonly number[] | null;
  readonly resources: readonly number[];
}

/** Where a page ended: the next step, or the next place in the same one. */
interface Place {
  readonly step: number;
  readonly accountAfter: number | null;
  readonly entityAfter: number | null;
}

export class Expander {
  /** What lies beneath the nodes of a large sweep, looked up once in a process and not once a page. */
  readonly #scopes = new Map<number, Scope>();
  readonly #limits: ExpanderLimits;

  constructor(limits: ExpanderLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Does all of some small sweeps. */
  async small(transaction: Transaction): Promise<Expanded> {
    const sweeps = await lockSmallSweeps(transaction, this.#limits.sweeps);
    if (sweeps.length === 0) return IDLE;
    const { hits, large } = await findSmallReach(transaction, sweeps, this.#limits.small);
    const systems = await reachTargets(transaction, hits);
    await markLarge(transaction, large);
    await markExpanded(
      transaction,
      sweeps.map((sweep) => sweep.revision).filter((revision) => !large.includes(revision)),
    );
    return { isBusy: true, targets: hits.length, systems };
  }

  /** Does a page of one large sweep. */
  async large(transaction: Transaction): Promise<Expanded> {
    const sweep = await lockLargeSweep(transaction);
    if (sweep === null) return IDLE;
    await probeOnly(transaction);
    const { systems, targets, next } =
      sweep.only_system_id === null
        ? await this.#beneath(transaction, sweep)
        : await this.#ofSystem(transaction, sweep, sweep.only_system_id);
    if (next === null) {
      await markExpanded(transaction, [sweep.revision]);
      this.#scopes.delete(sweep.revision);
    } else await moveSweep(transaction, sweep.revision, next);
    return { isBusy: true, targets, systems };
  }

  async #beneath(transaction: Transaction, sweep: SweepRow): Promise<PageDone> {
    const path = PATHS[sweep.step];
    if (path === undefined) return { systems: new Set(), targets: 0, next: null };
    const scope = this.#scopes.get(sweep.revision) ?? (await this.#scopeOf(transaction, sweep));
    const { rows, last } = await pageOf(transaction, sweep, path, scope, this.#limits);
    // What was found by its container already is not counted by its owner again.
    const known =
      path === 'account' || rows.length === 0
        ? new Set<string>()
        : await findBeneathByAccount(transaction, rows, sweep.nodes);
    const hits = rows
      .filter((row) => !known.has(`${row.system_id} ${row.entity_id}`))
      .map((row): Hit => ({ revision: sweep.revision, systemId: row.system_id, entityId: row.entity_id }));
    const systems = await reachTargets(transaction, hits);
    const next: Place =
      last === null
        ? { step: sweep.step + 1, accountAfter: null, entityAfter: null }
        : { step: sweep.step, accountAfter: last.by, entityAfter: last.entityId };
    return { systems, targets: hits.length, next: next.step < PATHS.length ? next : null };
  }

  async #scopeOf(transaction: Transaction, sweep: SweepRow): Promise<Scope> {
    const scope = {
      accounts: await listAccountsBeneath(transaction, sweep.nodes, this.#limits.accountsMax),
      resources: await listResourcesBeneath(transaction, sweep.nodes),
    };
    this.#scopes.set(sweep.revision, scope);
    return scope;
  }

  /** A system that was added or changed: first whoever names it becomes a target, then all of its targets are reached. */
  async #ofSystem(transaction: Transaction, sweep: SweepRow, systemId: number): Promise<PageDone> {
    const kind = await findSystemKind(transaction, systemId);
    if (kind === null) return { systems: new Set(), targets: 0, next: null };
    const { page } = this.#limits;
    const after = sweep.entity_after ?? -1;
    if (sweep.step === 0) {
      const { targets, last } = await namers(transaction, sweep.revision, systemId, kind, after, page);
      const made = await makeTargets(transaction, targets);
      const systems = await reachTargets(transaction, [], made);
      const next = { step: last === null ? 1 : 0, accountAfter: null, entityAfter: last };
      return { systems, targets: made.length, next };
    }
    const rows = await listTargetsAfter(transaction, systemId, after, page);
    const hits = rows.map((row): Hit => ({ revision: sweep.revision, systemId, entityId: row.entity_id }));
    const systems = await reachTargets(transaction, hits);
    const last = rows.length < page ? null : (rows.at(-1)?.entity_id ?? null);
    return {
      systems,
      targets: hits.length,
      next: last === null ? null : { step: 1, accountAfter: null, entityAfter: last },
    };
  }
}

interface PageDone {
  readonly systems: ReadonlySet<number>;
  readonly targets: number;
  /** Null: the sweep is done. */
  readonly next: Place | null;
}

const PATHS: readonly Path[] = ['account', 'owner', 'entity'];

async function namers(
  transaction: Transaction,
  revision: number,
  systemId: number,
  kind: SystemKindName,
  after: number,
  page: number,
) {
  if (SYSTEM_KIND[kind].reach === 'node') {
    const nodes = await listHeldAfter(transaction, after, page);
    const targets = asNodeTargets(
      nodes.map((node) => ({ ...node, revision })),
      [{ id: systemId, kind }],
    );
    return { targets, last: nodes.length < page ? null : (nodes.at(-1)?.id ?? null) };
  }
  const namings = await listNamers(transaction, systemId, after, page);
  const targets = asTargets(namings, new Map([[systemId, SYSTEM_KIND[kind]]]), () => revision);
  return { targets, last: namings.length < page ? null : (namings.at(-1)?.entity_id ?? null) };
}

/** The next targets on a path; `last` is null when there are no more. */
async function pageOf(
  transaction: Transaction,
  sweep: SweepRow,
  path: Path,
  { accounts, resources }: Scope,
  limits: ExpanderLimits,
): Promise<{ rows: readonly PageRow[]; last: { by: number; entityId: number } | null }> {
  const after = { by: sweep.account_after ?? -1, entityId: sweep.entity_after ?? -1 };
  const ids = path === 'entity' ? resources : accounts;
  if (ids === null)
    return listTargetWindow(transaction, path as 'account' | 'owner', sweep.nodes, after, 2 * limits.page); // Resources are always listed.
  const from = firstAtLeast(ids, after.by);
  const slice = ids.slice(from, from + limits.accounts);
  if (slice.length === 0) return { rows: [], last: null };
  const rows = await listTargetPage(transaction, path, slice, after, limits.page);
  const end = rows.at(-1);
  if (rows.length >= limits.page && end !== undefined) return { rows, last: { by: end.by, entityId: end.entity_id } };
  const isLast = from + limits.accounts >= ids.length;
  return { rows, last: isLast ? null : { by: slice.at(-1) ?? LAST, entityId: LAST } };
}

/** The index of the first number that is not less, in an ascending list. */
function firstAtLeast(ids: readonly number[], least: number): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
