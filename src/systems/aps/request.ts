/**
 * One request to an endpoint over HTTP or mutual TLS. It ends in time, follows nothing, and says of a failure whether the
 * request may have arrived.
 */
import { X509Certificate } from 'node:crypto';
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';

export interface ApsRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** `unsent`: it never arrived. `lost`: it may have acted, and nothing was heard. Details hold no word of the endpoint. */
export type ApsReply =
  | { readonly type: 'answer'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly type: 'unsent'; readonly code: 'unreachable' | 'given_up' | 'tls'; readonly detail: string }
  | { readonly type: 'lost'; readonly detail: string };

/** How we and the endpoint know each other on the line. PEM texts; null where there is none. */
export interface ApsTls {
  readonly certificate: string | null;
  readonly key: string | null;
  /** The one certificate that the server may show, whatever its name. */
  readonly pinned: string | null;
  /** What vouches for the server besides the known authorities. */
  readonly authority: string | null;
}

export type ApsAgent = HttpAgent | HttpsAgent;

/** A representation of a resource, with room; a larger answer is an attack or a mistake. */
const ANSWER_BYTES_MAX = 1_048_576;
const IDLE_SOCKETS_MAX = 8;

export function makeAgent(url: URL, tls: ApsTls): ApsAgent {
  const common = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX };
  if (url.protocol !== 'https:') return new HttpAgent(common);
  return new HttpsAgent({ ...common, ...tlsOptions(tls) });
}

function tlsOptions(tls: ApsTls): ConnectionOptions {
  const { certificate, key, pinned, authority } = tls;
  const client = certificate === null || key === null ? {} : { cert: certificate, key };
  if (pinned === null) return authority === null ? client : { ...client, ca: authority, allowPartialTrustChain: true };
  const wanted = new X509Certificate(pinned).raw;
  return {
    ...client,
    ca: pinned,
    // It need not be an authority, nor have issued itself: it is the one that was agreed.
    allowPartialTrustChain: true,
    // The certificate itself is compared, so that the name in it says nothing more.
    checkServerIdentity: (_host: string, shown: PeerCertificate) =>
      wanted.equals(shown.raw) ? undefined : new Error('another certificate than the one that was agreed'),
  };
}

/** Sends it and waits for the whole answer. Never throws, but for a request that no connection could carry. */
export function sendAps(agent: ApsAgent, asked: ApsRequest): Promise<ApsReply> {
  const { url, timeoutMs } = asked;
  const isTls = url.protocol === 'https:';
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([asked.signal, timeout]);
  return new Promise((resolve) => {
    let isSent = false;
    const fail = (error: unknown) => {
      const isLate = timeout.aborted || isTimeout(asked.signal.reason);
      const detail = isLate
        ? `${url.origin} did not answer in time`
        : signal.aborted
          ? `the request to ${url.origin} was given up`
          : `${url.origin} ${isSent ? 'broke off' : 'cannot be reached'} (${codeOf(error)})`;
      if (isSent) return resolve({ type: 'lost', detail });
      const code = isTrustError(error) ? 'tls' : asked.signal.aborted ? 'given_up' : 'unreachable';
      resolve({ type: 'unsent', code, detail });
    };
    if (signal.aborted) return fail(signal.reason);
    const options = {
      method: asked.method,
      headers: {
        ...asked.headers,
        ...(asked.body === null ? {} : { 'Content-Length': String(Buffer.byteLength(asked.body)) }),
      },
      agent,
      signal,
    };
    let sent: ClientRequest;
    try {
      sent = isTls ? requestHttps(url, options) : requestHttp(url, options);
    } catch (error) {
      // Keys that cannot be read, or a header that cannot be written.
      return resolve({ type: 'unsent', code: 'tls', detail: `no request can be made (${codeOf(error)})` });
    }
    let hasAnswered = false;
    sent.once('socket', (socket) => {
      // What is written before the line stands never arrives; on a line that was in use it may at once.
      if (sent.reusedSocket) isSent = true;
      else socket.once(isTls ? 'secureConnect' : 'connect', () => (isSent = true));
    });
    sent.once('error', fail);
    sent.once('close', () => {
      if (!hasAnswered) fail(new Error('closed without an answer'));
    });
    sent.once('response', (response) => {
      isSent = true;
      hasAnswered = true;
      readText(response).then((text) => {
        if (text === null) sent.destroy();
        resolve(
          text === null
            ? { type: 'lost', detail: `${url.origin} answered more than ${ANSWER_BYTES_MAX} bytes` }
            : { type: 'answer', status: response.statusCode ?? 0, headers: response.headers, text },
        );
      }, fail);
    });
    sent.end(asked.body ?? undefined);
  });
}

/** The text of an answer; null when it is too long. */
async function readText(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const buffer = chunk as Buffer; // No encoding is set.
    bytes += buffer.length;
    if (bytes > ANSWER_BYTES_MAX) return null;
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** The certificate is not what was agreed, or ours is refused: trying again does not help. */
function isTrustError(error: unknown): boolean {
  const code = codeOf(error);
  return /CERT|SELF_SIGNED|ALTNAME|VERIFY|ISSUER|another certificate|^ERR_SSL_.*ALERT/i.test(code);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 100);
}
