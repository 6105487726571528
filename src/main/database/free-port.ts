/**
 * A TCP port of this machine for the server to listen on.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { hasErrorCode } from './database-start-error.ts';

/** Gives `preferred` if nobody listens on it, else any free port. Another process may still be faster. */
export async function chooseFreePort(preferred: number | null): Promise<number> {
  if (preferred !== null) {
    const port = await tryPort(preferred);
    if (port !== null) return port;
  }
  const port = await tryPort(0);
  if (port === null) throw new Error('The operating system has no free TCP port on 127.0.0.1.');
  return port;
}

async function tryPort(port: number): Promise<number | null> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  } catch (error) {
    if (hasErrorCode(error, 'EADDRINUSE', 'EACCES')) return null;
    throw error;
  } finally {
    // The port is free again only when the probe has closed.
    await new Promise((resolve) => probe.close(resolve));
  }
}
