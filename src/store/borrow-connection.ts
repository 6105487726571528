/**
 * Lends one connection of a pool for work that may stop in the middle of a copy.
 */
import type pg from 'pg';

/**
 * Runs the work on a connection of its own. After a failure, and when the signal is aborted, the connection is thrown
 * away together with its transaction: nobody can know what it would answer next.
 */
export async function borrowConnection<T>(
  pool: pg.Pool,
  signal: AbortSignal | undefined,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const client = await pool.connect();
  let isReleased = false;
  const release = (isBroken: boolean) => {
    if (isReleased) return;
    isReleased = true;
    client.release(isBroken);
  };
  const abort = () => release(true);
  // While it is lent, a connection that breaks tells nobody else; the query that runs fails by itself.
  const onError = () => {};
  client.on('error', onError);
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    const result = await work(client);
    release(false);
    return result;
  } catch (error) {
    release(true);
    if (signal?.aborted === true) throw signal.reason;
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    client.off('error', onError);
  }
}
