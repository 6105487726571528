/**
 * Proves what the installation promises: the chain of changes, the chains of accounts, and the standing of every
 * entity, which SQL and the engine must answer as a computation from scratch does.
 */
import { type HoldEffect, mergeHolds } from '#core/restrictions.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { verifyCredits } from '#operations/verify-credits.ts';
import { type ForceRow, type SpineRow, countForAudit, listForce, listSpine, listWrongChains } from '#store/audit.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';

import { verifyChain } from './verify/chain.ts';
import { FINDINGS_MAX, type Finding, type VerifyStage } from './verify/finding.ts';

export type { Finding, VerifyStage };

export interface VerifyProgress {
  readonly stage: VerifyStage;
  readonly done: number;
  readonly total: number;
}

export interface VerifyResult {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly checked: { readonly changes: number; readonly accounts: number; readonly standings: number };
}

const PAGE = 2_000;
const ENGINE_WAIT_MS = 5_000;

/** Verifies everything; yields progress and at last the result. */
export async function* verifyInstallation(
  context: OperationContext,
  actor: Actor,
): AsyncGenerator<VerifyProgress | VerifyResult> {
  requirePermission(actor, 'installation:verify');
  const session = reader(context);
  const findings: Finding[] = [];
  const totals = await countForAudit(session);
  let changes = 0;
  for await (const done of verifyChain(context, session, findings)) {
    changes = done;
    yield { stage: 'chain', done, total: totals.changes };
  }
  for (const wrong of await listWrongChains(session, FINDINGS_MAX))
    findings.push({
      stage: 'ancestors',
      detail: `account ${wrong.id} has the chain ${wrong.ancestors.join('/')}, its parents say ${wrong.expected.join('/')}`,
    });
  yield { stage: 'ancestors', done: totals.accounts, total: totals.accounts };
  for (const detail of await verifyCredits(session, FINDINGS_MAX)) findings.push({ stage: 'credits', detail });
  yield { stage: 'credits', done: totals.accounts, total: totals.accounts };
  let standings = 0;
  for await (const done of verifyStandings(context, session, findings)) {
    standings = done;
    yield { stage: 'standings', done, total: totals.entities };
  }
  if (findings.length === 0) await context.outside?.writeCheckpoint();
  yield {
    ok: findings.length === 0,
    findings: findings.slice(0, FINDINGS_MAX),
    checked: { changes, accounts: totals.accounts, standings },
  };
}

interface Node {
  readonly parent: number | null;
  readonly owner: number | null;
  readonly isClosed: boolean;
}

/** Compares SQL and the engine with a walk over the parents, entity by entity. */
async function* verifyStandings(
  context: OperationContext,
  session: Session,
  findings: Finding[],
): AsyncGenerator<number> {
  const { engine } = context;
  const head = await getHead(session);
  await engine.waitFor(head.revision, ENGINE_WAIT_MS);
  const holds = Map.groupBy(await listForce(session), (hold) => hold.entity_id);
  const nodes = new Map<number, Node>();
  const doubtful: number[] = [];
  let done = 0;
  for (let after = -1; ;) {
    const rows = await listSpine(session, after, PAGE);
    for (const row of rows) nodes.set(row.id, { parent: row.parent_id, owner: row.owner_id, isClosed: row.closed });
    for (const row of rows) if (difference(context, row, nodes, holds) !== null) doubtful.push(row.id);
    done += rows.length;
    yield done;
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined || doubtful.length > FINDINGS_MAX) break;
    after = last.id;
  }
  // What was changed meanwhile, or lies beneath a younger parent, looks wrong at first: look once more.
  if (doubtful.length > 0) await recheck(context, session, doubtful, findings);
}

async function recheck(
  context: OperationContext,
  session: Session,
  ids: readonly number[],
  findings: Finding[],
): Promise<void> {
  const { engine } = context;
  const head = await getHead(session);
  await engine.waitFor(head.revision, ENGINE_WAIT_MS);
  const holds = Map.groupBy(await listForce(session), (hold) => hold.entity_id);
  const nodes = new Map<number, Node>();
  for (const id of ids) {
    const [row] = await listSpine(session, id - 1, 1);
    if (row === undefined) continue;
    await loadLine(session, nodes, row.id);
    const detail = difference(context, row, nodes, holds);
    if (detail !== null) findings.push({ stage: 'standings', detail });
  }
}

async function loadLine(session: Session, nodes: Map<number, Node>, id: number | null): Promise<void> {
  for (let here = id; here !== null && !nodes.has(here);) {
    const [row]: SpineRow[] = await listSpine(session, here - 1, 1);
    if (row === undefined || row.id !== here) return;
    nodes.set(here, { parent: row.parent_id, owner: row.owner_id, isClosed: row.closed });
    if (row.owner_id !== null) await loadLine(session, nodes, row.owner_id);
    here = row.parent_id;
  }
}

/** What SQL or the engine says otherwise than the walk; null when all agree. */
function difference(
  context: OperationContext,
  row: SpineRow,
  nodes: ReadonlyMap<number, Node>,
  holds: ReadonlyMap<number, readonly ForceRow[]>,
): string | null {
  const reached: ForceRow[] = [];
  const isClosedOn = (start: number | null): boolean => {
    let isClosed = false;
    for (let here = start; here !== null; here = nodes.get(here)?.parent ?? null) {
      reached.push(...(holds.get(here) ?? []));
      isClosed ||= nodes.get(here)?.isClosed ?? false;
    }
    return isClosed;
  };
  const closed = isClosedOn(row.id);
  const ownerClosed = row.owner_id !== null && isClosedOn(row.owner_id);
  const expected = mergeHolds({ holds: reached.map(effectOf), closed, ownerClosed });
  const sqlSays = `${row.denied}/${row.intercepted}/${row.effectively_closed}/${row.owner_closed}`;
  const wanted = `${expected.denied}/${expected.intercepted}/${expected.closed}/${expected.ownerClosed}`;
  if (sqlSays !== wanted) return `entity ${row.id}: from scratch ${wanted}, SQL says ${sqlSays}`;
  const engineSays = context.engine.restrictionsOf(row.id);
  const engineText =
    engineSays === null
      ? 'unknown'
      : `${engineSays.denied}/${engineSays.intercepted}/${engineSays.closed}/${engineSays.ownerClosed}`;
  return engineText === wanted ? null : `entity ${row.id}: from scratch ${wanted}, the engine says ${engineText}`;
}

function effectOf(row: ForceRow): HoldEffect {
  return {
    id: row.id,
    denied: row.denied,
    intercepted: row.intercepted,
    severity: row.severity,
    authority: row.authority_rank,
    placedAtMs: row.placed_at.getTime(),
  };
}
