/**
 * Many writes in one request: each has an outcome of its own, and an interrupted request goes on where it stopped.
 *
 * Items are done in order, up to a thousand in one transaction; what one item is refused for does not hinder the others.
 */
import { Problem, invalid } from '#core/problem.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { type Actor, type OperationContext, authorOf } from '#operations/context.ts';
import type { Author } from '#store/change.ts';
import { type Created, createBatch } from '#operations/create/create-batch.ts';
import { readViews } from '#operations/entity-view.ts';
import { liftWithin } from '#operations/lift-hold.ts';
import { moveWithin } from '#operations/move-entity.ts';
import { type KnownUsers, withUsers } from '#operations/over-credit.ts';
import { type Work, refuseOtherRequest, workOf } from '#operations/perform.ts';
import { asObject } from '#operations/plan-change.ts';
import { placeWithin } from '#operations/place-hold.ts';
import { putCreditsWithin } from '#operations/put-credits.ts';
import { putProfileWithin } from '#operations/put-profile.ts';
import { type LoginItem, hashAhead, putLoginItem } from '#operations/telephony/bulk-account-logins.ts';
import { transferWithin } from '#operations/transfer-entity.ts';
import { updateWithin } from '#operations/update-entity.ts';
import { listByNumbers } from '#store/entity.ts';
import { type IdempotencyKey, claimKey, findAnswer, findOutcomes, keepOutcomes, lockKey } from '#store/idempotency.ts';
import { type ShapeLock, asProblem, transact } from '#store/transaction.ts';

export const BULK_MAX = 10_000;
/** As many changes as one transaction commits at once. Where chunks begin is also where a resumed request finds outcomes. */
const CHUNK = 1_000;

export const BULK_OPS = [
  'create',
  'update',
  'hold',
  'lift',
  'close',
  'move',
  'transfer',
  'profile',
  'credits',
  'account-login',
] as const;
export type BulkOp = (typeof BULK_OPS)[number];

export interface BulkItem {
  readonly op: BulkOp;
  readonly entity?: string | number;
  readonly hold?: string;
  /** The profile that is written. */
  readonly name?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export type BulkOutcome =
  | { readonly ok: true; readonly isNew: boolean; readonly body: unknown }
  | { readonly ok: false; readonly problem: Pick<Problem, 'code' | 'message' | 'errors' | 'facts'> };

export interface BulkOptions {
  /** Answer only id, number and kind of what was created. */
  readonly isBrief: boolean;
  readonly idempotency?: IdempotencyKey | undefined;
}

export interface BulkRun {
  readonly outcomes: readonly BulkOutcome[];
  readonly revision: number | null;
  /** What whole chunks failed of, for the log: no item was to blame. */
  readonly trouble: readonly unknown[];
}

const LOCKS: Readonly<Record<BulkOp, ShapeLock>> = {
  create: 'shared',
  update: 'shared',
  hold: 'none',
  lift: 'none',
  close: 'exclusive',
  move: 'exclusive',
  transfer: 'exclusive',
  profile: 'none',
  // Grants of many accounts are locked in the order of the items, which is not that of creations.
  credits: 'exclusive',
  'account-login': 'none',
};

/** How items are done, and what was made for them beforehand. */
interface Doing {
  readonly isBrief: boolean;
  /** Hashes of passwords, by the items of which they are. */
  readonly hashes: ReadonlyMap<BulkItem, string>;
}

/** Runs the items; the outcome of each stands at its place. Throws `conflict` for a key of another request. */
export async function runBulk(
  context: OperationContext,
  actor: Actor,
  items: readonly BulkItem[],
  options: BulkOptions,
): Promise<BulkRun> {
  if (items.length > BULK_MAX)
    throw invalid({ field: 'items', message: `must have at most ${BULK_MAX} items, has ${items.length}` });
  const author = authorOf(actor);
  if (options.idempotency !== undefined) await claimForBulk(context, author, options.idempotency);
  const outcomes: BulkOutcome[] = [];
  const trouble: unknown[] = [];
  let revision: number | null = null;
  for (let from = 0; from < items.length; from += CHUNK) {
    const chunk = items.slice(from, from + CHUNK);
    try {
      const hashes = await hashAhead(context, actor, chunk.filter(isLogin));
      const { value, committed } = await transact(
        context.pool,
        context.chainKey,
        lockFor(chunk),
        author,
        (transaction) => runChunk(workOf(transaction, context, actor), chunk, from, { ...options, hashes }),
      );
      outcomes.push(...value);
      if (committed !== null) {
        revision = committed.revision;
        context.engine.poke();
      }
    } catch (error) {
      const what = asProblem(error);
      trouble.push(what.cause ?? what);
      const failed = refused(what);
      outcomes.push(...chunk.map(() => failed));
    }
  }
  return { outcomes: await explained(context, actor, outcomes), revision, trouble };
}

/** The outcomes with what a refusal tells besides, each credit looked up once. */
async function explained(
  context: OperationContext,
  actor: Actor,
  outcomes: readonly BulkOutcome[],
): Promise<BulkOutcome[]> {
  const known: KnownUsers = new Map();
  const all: BulkOutcome[] = [];
  for (const outcome of outcomes)
    all.push(
      outcome.ok
        ? outcome
        : refused({ ...outcome.problem, facts: await withUsers(context, actor, outcome.problem, known) }),
    );
  return all;
}

async function claimForBulk(context: OperationContext, author: Author, key: IdempotencyKey): Promise<void> {
  await transact(context.pool, context.chainKey, 'none', author, async (transaction) => {
    if (await claimKey(transaction, key)) return;
    const kept = await findAnswer(transaction, key);
    if (kept !== null) refuseOtherRequest(kept, key);
  });
}

function isLogin(item: BulkItem): item is BulkItem & LoginItem {
  return item.op === 'account-login' && item.entity !== undefined && item.body !== undefined;
}

function lockFor(items: readonly BulkItem[]): ShapeLock {
  const locks = new Set(items.map((item) => LOCKS[item.op]));
  if (locks.has('exclusive')) return 'exclusive';
  return locks.has('shared') ? 'shared' : 'none';
}

/** Does the items of one chunk, unless an earlier run of the same request did. */
async function runChunk(
  work: Work,
  items: readonly BulkItem[],
  from: number,
  options: BulkOptions & Doing,
): Promise<BulkOutcome[]> {
  const { transaction } = work;
  const { idempotency } = options;
  if (idempotency === undefined) return runItems(work, items, options);
  // Two runs of one request take turns.
  await lockKey(transaction, idempotency);
  const known = await findOutcomes(transaction, idempotency, from);
  if (known !== null) return known as BulkOutcome[]; // Kept below, for a request with the same digest.
  const outcomes = await runItems(work, items, options);
  await keepOutcomes(transaction, idempotency, from, outcomes);
  return outcomes;
}

async function runItems(work: Work, items: readonly BulkItem[], doing: Doing): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = [];
  for (let index = 0; index < items.length;) {
    const item = items[index];
    if (item === undefined) break;
    if (item.op !== 'create') {
      outcomes.push(await runOne(work, item, doing));
      index++;
      continue;
    }
    let end = index;
    while (items[end]?.op === 'create') end++;
    outcomes.push(...(await createRun(work, items.slice(index, end), doing.isBrief)));
    index = end;
  }
  return outcomes;
}

/** Creates all together; when that is over credit, one after the other, so that what there is room for is created. */
async function createRun(work: Work, items: readonly BulkItem[], isBrief: boolean): Promise<BulkOutcome[]> {
  try {
    return await work.transaction.attempt(() => createMany(work, items, isBrief));
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'over_credit') throw error;
    if (items.length === 1) return [refused(error)];
  }
  const outcomes: BulkOutcome[] = [];
  for (const item of items) outcomes.push(...(await createRun(work, [item], isBrief)));
  return outcomes;
}

async function createMany(work: Work, items: readonly BulkItem[], isBrief: boolean): Promise<BulkOutcome[]> {
  const created = await createBatch(
    work,
    items.map((item) => asObject(item.body)),
  );
  const bodies = isBrief ? new Map<number, unknown>() : await viewsOf(work, created);
  return created.map((outcome) => {
    if (outcome instanceof Problem) return refused(outcome);
    const brief = { id: outcome.uuid, number: outcome.id, kind: outcome.kind };
    return { ok: true, isNew: true, body: bodies.get(outcome.id) ?? brief };
  });
}

async function viewsOf(work: Work, created: readonly (Created | Problem)[]): Promise<Map<number, unknown>> {
  const ids = created.flatMap((outcome) => (outcome instanceof Problem ? [] : [outcome.id]));
  const views = await readViews(work.transaction, work.actor, await listByNumbers(work.transaction, ids));
  return new Map(views.map((view) => [view.number, view]));
}

/** Does one item; what it wrote before it was refused is gone. */
async function runOne(work: Work, item: BulkItem, doing: Doing): Promise<BulkOutcome> {
  try {
    const { body, isNew } = await work.transaction.attempt(() => carryOut(work, item, doing));
    return { ok: true, isNew, body };
  } catch (error) {
    if (error instanceof Problem) return refused(error);
    throw error;
  }
}

async function carryOut(work: Work, item: BulkItem, { hashes }: Doing): Promise<{ body: unknown; isNew: boolean }> {
  if (item.op === 'profile')
    return { body: await putProfileWithin(work, item.name ?? '', asObject(item.body), 'guarded'), isNew: false };
  if (item.entity === undefined) throw invalid({ field: 'entity', message: 'is missing: the id of the entity' });
  const { entity } = item;
  const body = asObject(item.body);
  switch (item.op) {
    case 'update':
      return { body: await updateWithin(work, entity, body), isNew: false };
    case 'hold': {
      const placed = await placeWithin(work, entity, body, 'guarded');
      return { body: placed.hold, isNew: placed.isNew };
    }
    case 'lift':
      return { body: await liftWithin(work, entity, item.hold ?? ''), isNew: false };
    case 'close':
      return { body: await closeWithin(work, entity, 'guarded'), isNew: false };
    case 'move':
      return { body: await moveWithin(work, entity, body['parent']), isNew: false };
    case 'credits':
      return { body: await putCreditsWithin(work, entity, body), isNew: false };
    case 'account-login':
      return putLoginItem(work, { entity, body }, hashes.get(item));
    case 'transfer':
      return { body: await transferWithin(work, entity, body['owner']), isNew: false };
    case 'create':
      throw new Error('creations are done together');
  }
}

function refused({
  code,
  message,
  errors,
  facts,
}: Pick<Problem, 'code' | 'message' | 'errors' | 'facts'>): BulkOutcome {
  return { ok: false, problem: { code, message, errors, facts } };
}
