/** Who this installation is: its id, and the digest of the first administrator's token. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface Installation {
  readonly id: string;
  readonly admin_token_digest: Buffer | null;
  readonly created_at: Date;
}

export async function getInstallation(session: Session): Promise<Installation> {
  const row = await session.row(sql<Installation>`select id, admin_token_digest, created_at from installation`);
  if (row === null) throw new Error('installation has no row: the schema is not migrated');
  return row;
}

/** Sets the digest of the administrator's token; with `onlyIfAbsent` an existing one stays. Answers whether it was set. */
export async function setAdminTokenDigest(session: Session, digest: Buffer, onlyIfAbsent: boolean): Promise<boolean> {
  const row = await session.row(
    sql<{ id: string }>`update installation set admin_token_digest = ${digest}
      where not ${onlyIfAbsent}::boolean or admin_token_digest is null returning id`,
  );
  return row !== null;
}
