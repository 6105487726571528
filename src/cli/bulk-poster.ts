/**
 * One batch of an import as one bulk request, and the outcome of each of its items.
 *
 * An item whose entity is there already is compared with it, so that a changed file is not taken for an imported one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FieldError, PROBLEM_ANY_TIME } from '#core/problem.ts';
import { type Client, entityPath } from './client.ts';
import { ApiProblem } from './client-error.ts';
import { loginDifferences, makeComparer } from './compare-existing.ts';
import type { Outcome, PostBatch } from './import/import-run.ts';
import type { BulkItem } from './import/parsed.ts';

interface BulkAnswer {
  readonly items: readonly {
    readonly index: number;
    readonly status: number;
    readonly problem?: {
      readonly code: string;
      readonly detail: string;
      readonly errors?: readonly FieldError[];
      readonly facts?: Readonly<Record<string, unknown>>;
    };
  }[];
}

/** A batch of 1,000 items on a busy server with slow disks. */
const BULK_TIMEOUT_MS = 300_000;
/** A server whose database comes back does so within seconds. */
const RETRY_DELAYS_MS = [1000, 3000, 10_000];
/** Look-ups under way at once: enough to hide the distance to the server, few enough to leave it to others. */
const COMPARED_AT_ONCE = 16;

/** Does by a plan what reaches too much to be done without one: who imports a file means what stands in it. */
async function planned(client: Client, item: BulkItem & { readonly op: 'hold' | 'close' }): Promise<Outcome> {
  const intent = item.op === 'hold' ? { ...item.body, action: 'hold' } : { action: 'close' };
  try {
    const { token } = await client.post<{ token: string }>(entityPath(String(item.entity), '/plan'), intent);
    await client.post(`/v1/plans/${token}/apply`, {});
    return { outcome: 'created' };
  } catch (error) {
    if (error instanceof ApiProblem) return { outcome: 'refused', code: error.code, message: error.message };
    throw error;
  }
}

/**
 * Makes the function that sends batches. Where the source has closed things itself, `mayBeClosed` tells of which UUIDs;
 * a refused creation is then looked for by its UUID too, since what it refers to may have been closed after it.
 */
export function bulkPoster(client: Client, mayBeClosed?: (id: string) => boolean): PostBatch {
  const differences = makeComparer(client, mayBeClosed);

  const outcomeOf = async (item: BulkItem, answer: BulkAnswer['items'][number]): Promise<Outcome> => {
    const { status, problem } = answer;
    if (problem === undefined)
      return status === 200 && item.op !== 'close' ? { outcome: 'exists', differs: [] } : { outcome: 'created' };
    if (problem.code === 'closed' && item.op === 'close') return { outcome: 'exists', differs: [] };
    if (item.op === 'create' && (problem.code === 'exists' || mayBeClosed !== undefined)) {
      const facts = problem.code === 'exists' ? (problem.facts ?? {}) : { entity: item.body['id'] };
      const differs = await differences(item.body, facts);
      if (differs !== null) return { outcome: 'exists', differs };
    }
    if (problem.code === 'exists' && item.op === 'account-login') {
      const differs = await loginDifferences(client, item.entity, item.body);
      if (differs !== null) return { outcome: 'exists', differs };
    }
    if (problem.code === 'plan_required' && (item.op === 'hold' || item.op === 'close')) return planned(client, item);
    return { outcome: 'refused', code: problem.code, message: messageOf(problem) };
  };

  const send = async (items: readonly BulkItem[], idempotencyKey: string): Promise<BulkAnswer> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await client.post<BulkAnswer>(
        '/v1/bulk',
        { items },
        { query: { brief: true }, idempotencyKey, timeoutMs: BULK_TIMEOUT_MS },
      );
      const failed = answer.items.find(({ problem }) => problem !== undefined && isFailure(problem.code));
      if (failed?.problem === undefined) return answer;
      const delayMs = RETRY_DELAYS_MS[attempt];
      if (delayMs === undefined || failed.problem.code === 'bug')
        throw new ApiProblem({
          ...failed.problem,
          httpStatus: failed.status,
          detail: `the server could not go on: ${failed.problem.detail} Start the import again to continue.`,
        });
      await sleep(delayMs);
    }
  };

  return async (items, idempotencyKey) => {
    const answer = await send(items, idempotencyKey);
    const outcomes: Outcome[] = [];
    for (let from = 0; from < answer.items.length; from += COMPARED_AT_ONCE) {
      const slice = answer.items.slice(from, from + COMPARED_AT_ONCE);
      outcomes.push(
        ...(await Promise.all(
          slice.map((one) => {
            const item = items[one.index];
            if (!item)
              throw new Error(
                `the server answered about item ${one.index} of ${items.length}: this import cannot go on`,
              );
            return outcomeOf(item, one);
          }),
        )),
      );
    }
    return outcomes;
  };
}

/** A failure of the server says nothing about the item: it is sent again, never reported as a bad line. */
function isFailure(code: string): boolean {
  return (PROBLEM_ANY_TIME as readonly string[]).includes(code);
}

function messageOf(problem: { readonly detail: string; readonly errors?: readonly FieldError[] }): string {
  const fields = (problem.errors ?? []).filter(({ message }) => !problem.detail.includes(message));
  return [problem.detail, ...fields.map(({ field, message }) => `${field} ${message}`)].join('; ');
}
