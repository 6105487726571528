/** OCI-P over TCP or TLS: documents back to back on one connection. */
import { once } from 'node:events';
import { type Socket, connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { type OciDocument, readDocument } from './document.ts';
import { DocumentCutter, TooLong, decodeDocument } from './document-cutter.ts';
import { BroadworksFailure, LostAnswer } from './failure.ts';
import { CONNECT_MS, type ExchangeOptions, type Place, type Transport } from './transport.ts';
import { XmlError } from './xml.ts';

interface Waiting {
  readonly resolve: (document: OciDocument) => void;
  readonly reject: (error: Error) => void;
}

/** Connects. Throws `BroadworksFailure` when nobody answers in time. */
export async function connectStream(
  place: Place & { readonly transport: 'tcp' | 'tls' },
  signal?: AbortSignal,
): Promise<Transport> {
  const where = `${place.host}:${place.port}`;
  const inTime = AbortSignal.any([AbortSignal.timeout(CONNECT_MS), ...(signal === undefined ? [] : [signal])]);
  const socket =
    place.transport === 'tcp'
      ? connect({ host: place.host, port: place.port })
      : connectTls({
          host: place.host,
          port: place.port,
          ...(isIP(place.host) === 0 ? { servername: place.host } : {}),
          ...(place.ca === undefined ? {} : { ca: place.ca }),
        });
  try {
    await once(socket, place.transport === 'tcp' ? 'connect' : 'secureConnect', { signal: inTime });
  } catch (error) {
    socket.on('error', () => {}); // What comes after the failure adds nothing.
    socket.destroy();
    if (inTime.aborted) throw new BroadworksFailure('unreachable', `${where} did not let us connect in time`, 'later');
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'no connection';
    throw new BroadworksFailure('unreachable', `${where} cannot be reached (${cause})`, 'later');
  }
  return overSocket(socket, where);
}

function overSocket(socket: Socket, where: string): Transport {
  const cutter = new DocumentCutter();
  let waiting: Waiting | null = null;
  let gone: LostAnswer | null = null;
  const giveUp = (code: string, message: string) => {
    gone ??= new LostAnswer(code, `${where} ${message}`);
    socket.destroy();
    waiting?.reject(gone);
    waiting = null;
  };
  const take = (document: OciDocument) => {
    if (document.answers.some(({ type }) => type === 'LogoutRequest')) return giveUp('session', 'ended our log-in');
    // An answer that nobody waits for belongs to nothing that we know.
    if (waiting === null) return giveUp('session', 'sent an answer that nobody waits for');
    const { resolve } = waiting;
    waiting = null;
    resolve(document);
  };
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const bytes of cutter.push(chunk)) take(readDocument(decodeDocument(bytes)));
    } catch (error) {
      if (!(error instanceof XmlError || error instanceof TooLong)) throw error;
      giveUp('session', `sent what we cannot read: ${error.message}`);
    }
  });
  socket.on('error', () => giveUp('unreachable', 'broke the connection'));
  socket.on('close', () => giveUp('unreachable', 'closed the connection'));
  return {
    get isAlive() {
      return gone === null && !socket.destroyed && socket.readyState === 'open';
    },
    exchange: (document, { timeoutMs, signal }: ExchangeOptions) => {
      if (waiting !== null) throw new Error('a document is on its way on this connection');
      if (gone !== null) return Promise.reject(new BroadworksFailure(gone.code, gone.message, 'later'));
      const { promise, resolve, reject } = Promise.withResolvers<OciDocument>();
      waiting = { resolve, reject };
      const timeout = setTimeout(() => giveUp('timeout', `did not answer within ${timeoutMs} ms`), timeoutMs);
      const onAbort = () => giveUp('timeout', 'was not waited for any longer');
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
      else socket.write(document, 'latin1');
      return promise.finally(() => {
        clearTimeout(timeout);
        signal?.removeEventListener('abort', onAbort);
      });
    },
    close: () => giveUp('closed', 'was left'),
  };
}
