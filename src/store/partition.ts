/** Partitions of the change log: made ahead, so that no commit ever waits for one. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

/** Revisions in one partition: some gigabytes, a unit that can be archived. */
const SPAN = 10_000_000;

/** Makes the partitions of the present and the next span, unless they are there. Several processes may do it at once. */
export async function ensurePartitions(session: Session, span = SPAN): Promise<void> {
  await session.rows(sql`select ensure_change_partitions(${span}::bigint)`);
}
