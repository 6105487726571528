/** Counts from scratch what every account has beneath it, and names each account and credit where the books differ. */
import { listWrongCredits } from '#store/credit.ts';
import type { Session } from '#store/database.ts';

/** What is wrong, one sentence each, up to the limit. */
export async function verifyCredits(session: Session, limit: number): Promise<string[]> {
  const wrong = await listWrongCredits(session, limit);
  return wrong.map(
    ({ account_id, credit, used, counted }) =>
      `account ${account_id} is charged ${used} for ${credit}, a count from scratch gives ${counted}`,
  );
}
