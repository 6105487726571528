/**
 * Batches of a Restcomm import, which is the first word about an account and never a later one: a hold that it placed
 * once, and that was lifted since, is not placed again when the import is finished or repeated.
 */
import type { EntityView, HoldView, Page } from './api-types.ts';
import { bulkPoster } from './bulk-poster.ts';
import { type Client, entityPath } from './client.ts';
import type { Outcome, PostBatch } from './import/import-run.ts';
import type { BulkItem } from './import/parsed.ts';

/** Look-ups under way at once, as for comparing what exists. */
const ASKED_AT_ONCE = 16;

const THERE: Outcome = { outcome: 'exists', differs: [] };
const LEFT: Outcome = { outcome: 'left' };

/** Makes the function that sends batches; `endsClosed` tells what the dump itself has closed. */
export function restcommPoster(client: Client, endsClosed: (id: string) => boolean): PostBatch {
  const post = bulkPoster(client, endsClosed);
  /** What was there before this run: only that can have been lifted, or closed, already. */
  const older = new Set<string | number>();
  /** Accounts that were refused: what else their lines say has no place to go. */
  const refused = new Set<string | number>();

  const isDone = async (item: BulkItem): Promise<boolean> => {
    if (!isStanding(item) || !older.has(item.entity)) return false;
    const path = entityPath(String(item.entity));
    if (item.op === 'close') return (await client.get<EntityView>(path)).standing === 'closed';
    const { source, externalRef } = item.body;
    const query = { ended: true, source: String(source), limit: 100 };
    const page = await client.get<Page<HoldView>>(`${path}/holds`, query);
    return page.items.some((hold) => hold.externalRef === externalRef && hold.endedAt !== null);
  };

  const send = async (items: readonly BulkItem[], idempotencyKey: string): Promise<Outcome[]> => {
    const done: boolean[] = [];
    for (let from = 0; from < items.length; from += ASKED_AT_ONCE)
      done.push(...(await Promise.all(items.slice(from, from + ASKED_AT_ONCE).map(isDone))));
    const sent = items.filter((_, index) => done[index] !== true);
    const answered = sent.length === 0 ? [] : [...(await post(sent, idempotencyKey))];
    for (const [index, outcome] of answered.entries()) {
      const item = sent[index];
      if (item?.op !== 'create') continue;
      const { id, kind } = item.body;
      if (outcome.outcome === 'exists' && (kind === 'account' || kind === 'sip_domain')) older.add(String(id));
      if (outcome.outcome === 'refused' && kind === 'account') refused.add(String(id));
    }
    return items.map((item, index) => {
      if (done[index] === true) return THERE;
      const outcome = answered.shift();
      if (outcome === undefined)
        throw new Error('the server answered fewer outcomes than there were items: this import cannot go on');
      const isAddition = item.op === 'account-login' || isStanding(item);
      return outcome.outcome === 'refused' && isAddition && refused.has(item.entity) ? LEFT : outcome;
    });
  };

  return async (items, idempotencyKey) => {
    // What is held or closed must be known to be there, or not, before.
    const cut = items.findIndex(isStanding);
    if (cut <= 0) return send(items, idempotencyKey);
    const first = await send(items.slice(0, cut), `${idempotencyKey}-1`);
    return [...first, ...(await send(items.slice(cut), `${idempotencyKey}-2`))];
  };
}

/** Whether an item is about how something stands. */
function isStanding(item: BulkItem): item is Extract<BulkItem, { op: 'hold' | 'close' }> {
  return item.op === 'hold' || item.op === 'close';
}
