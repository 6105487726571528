/**
 * Follows an operation until it is settled.
 *
 * However many follow the same one, it is looked at once for all of them, at growing intervals, and never for more than a small
 * part of the time.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { invalid } from '#core/problem.ts';
import type { OperationContext } from '#operations/context.ts';

import { type Operation, type ReceiptProgress, lookAtProgress } from './read-receipt.ts';

/** The longest that one request waits. */
const WAIT_MAX_MS = 60_000;
const FIRST_MS = 50;
const GROWTH = 1.5;
const LAST_MS = 1_000;
/** After a look the database has this many times as long for others. */
const REST = 9;

/** Reads how long to wait, in milliseconds: `30s`, `30000ms`, or seconds. No more than a minute. Throws `invalid`. */
export function readWait(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const match = /^(\d{1,9})(ms|s)?$/.exec(text);
  if (match === null) throw invalid({ field: 'wait', message: 'must be a time such as 30s, 1500ms, or 30 seconds' });
  return Math.min(Number(match[1]) * (match[2] === 'ms' ? 1 : 1_000), WAIT_MAX_MS);
}

const looksOf = new WeakMap<OperationContext['pool'], Map<string, Promise<ReceiptProgress>>>();

/** One look for all that ask while it is under way. */
function look(context: OperationContext, operation: Operation): Promise<ReceiptProgress> {
  const looks = looksOf.get(context.pool) ?? new Map<string, Promise<ReceiptProgress>>();
  looksOf.set(context.pool, looks);
  const key = `${operation.span.first}:${operation.span.last}`;
  const running = looks.get(key);
  if (running !== undefined) return running;
  const begun = lookAtProgress(context, operation).finally(() => looks.delete(key));
  looks.set(key, begun);
  return begun;
}

/** Waits until the operation is settled, the time is over, or the signal comes. */
export async function waitForSettled(
  context: OperationContext,
  operation: Operation,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + waitMs;
  const followed = followProgress(context, operation, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]), FIRST_MS);
  for await (const progress of followed) if (progress.state === 'settled' || performance.now() >= until) return;
}

/**
 * Yields the totals, first as they are and then each time that they differ, and ends when the operation is settled or the signal
 * comes. Between two looks lie at least `everyMs` milliseconds.
 */
export async function* followProgress(
  context: OperationContext,
  operation: Operation,
  signal: AbortSignal,
  everyMs: number,
): AsyncGenerator<ReceiptProgress, void> {
  let waitMs = everyMs;
  let said = '';
  while (!signal.aborted) {
    const startedMs = performance.now();
    const progress = await look(context, operation);
    const tookMs = performance.now() - startedMs;
    const text = JSON.stringify(progress);
    if (text !== said) yield progress;
    if (progress.state === 'settled') return;
    waitMs = text === said ? Math.min(waitMs * GROWTH, Math.max(LAST_MS, everyMs)) : everyMs;
    said = text;
    await sleep(Math.max(waitMs, tookMs * REST), undefined, { signal }).catch(() => {});
  }
}
