/** What accounts were granted, as bulk items of an export. */
import type { EntityView } from '#operations/entity-view.ts';
import type { BulkItem } from '#operations/run-bulk.ts';
import { listGrants } from '#store/credit.ts';
import type { Session } from '#store/database.ts';

/**
 * The grants of a page of accounts, to stand right behind the creation of each: where an absent grant means nothing at
 * all, what is beneath could else not be created. A grant below what is used would stop it as well; it comes as high as
 * the use at first, and `later` lowers it.
 */
export async function grantItems(
  session: Session,
  accounts: readonly EntityView[],
  later: BulkItem[],
): Promise<Map<number, BulkItem[]>> {
  const grants = await listGrants(
    session,
    accounts.map((account) => account.number),
  );
  const items = new Map<number, BulkItem[]>();
  for (const { id, number } of accounts) {
    const row = grants.get(number);
    if (row === undefined) continue;
    const roomy = Object.entries(row.granted).map(([credit, granted]) => [
      credit,
      Math.max(granted, row.used[credit] ?? 0),
    ]);
    items.set(number, [{ op: 'credits', entity: id, body: Object.fromEntries(roomy) }]);
    const lowered = Object.entries(row.granted).filter(([credit, granted]) => granted < (row.used[credit] ?? 0));
    if (lowered.length > 0) later.push({ op: 'credits', entity: id, body: Object.fromEntries(lowered) });
  }
  return items;
}
