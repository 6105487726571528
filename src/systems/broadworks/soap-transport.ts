/** OCI-P over SOAP 1.1: each document is a text inside an envelope, and a cookie carries the log-in with the session's id. */
import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

import { type OciDocument, readDocument } from './document.ts';
import { DOCUMENT_MAX, decodeDocument } from './document-cutter.ts';
import { BroadworksFailure, LoggedOut, LostAnswer, SLOW_RETRY_MS } from './failure.ts';
import { CONNECT_MS, type ExchangeOptions, type Place, type Transport } from './transport.ts';
import { type XmlElement, XmlError, childOf, escapeXml, parseXml, tokenOf } from './xml.ts';

/** The string of a fault by which servers say that they know no log-in of ours. */
const NOT_LOGGED_IN = 'INVALID_REQUEST';

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly cookies: readonly string[];
}

/** Nothing is connected before the first document. */
export function openSoap(place: Place & { readonly transport: 'soap' }): Transport {
  const { url } = place;
  const isEncrypted = url.protocol === 'https:';
  const agent = isEncrypted
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...(place.ca === undefined ? {} : { ca: place.ca }) })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const cookies = new Map<string, string>();
  let isAlive = true;
  return {
    get isAlive() {
      return isAlive;
    },
    async exchange(document, options) {
      const headers = {
        'content-type': 'text/xml; charset=utf-8',
        soapaction: '""',
        ...(cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      };
      try {
        const reply = await post(url, { method: 'POST', agent, headers }, wrap(document), options);
        for (const cookie of reply.cookies) keepCookie(cookies, cookie);
        return unwrap(url, reply);
      } catch (error) {
        // The cookie is of no more use than the connection.
        isAlive = false;
        agent.destroy();
        throw error;
      }
    },
    close() {
      isAlive = false;
      agent.destroy();
    },
  };
}

function wrap(document: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>' +
    `<b:processOCIMessage xmlns:b="urn:com:broadsoft:webservice"><b:in0>${escapeXml(document)}</b:in0></b:processOCIMessage>` +
    '</soapenv:Body></soapenv:Envelope>'
  );
}

function post(url: URL, request: RequestOptions, body: string, { timeoutMs, signal }: ExchangeOptions): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const headers = { ...request.headers, 'content-length': Buffer.byteLength(body) };
  const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { ...request, headers });
  let isConnected = false;
  const giveUp = (code: string, message: string) => {
    sent.destroy();
    const text = `${url.origin} ${message}`;
    reject(isConnected ? new LostAnswer(code, text) : new BroadworksFailure(code, text, 'later'));
  };
  const timeout = setTimeout(() => giveUp('timeout', `did not answer within ${timeoutMs} ms`), timeoutMs);
  const connecting = setTimeout(() => {
    if (!isConnected) giveUp('unreachable', 'did not let us connect in time');
  }, CONNECT_MS);
  const onAbort = () => giveUp('timeout', 'was not waited for any longer');
  signal?.addEventListener('abort', onAbort, { once: true });
  sent.on('socket', (socket) => {
    const onReady = () => {
      isConnected = true;
    };
    if (socket.connecting) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', onReady);
    else onReady();
  });
  sent.on('error', (error: Error & { readonly code?: string }) =>
    isConnected
      ? giveUp('unreachable', 'broke the connection')
      : giveUp('unreachable', `cannot be reached (${error.code ?? 'no connection'})`),
  );
  sent.on('response', (response) => {
    readBody(response).then(resolve, (error: unknown) =>
      giveUp('session', error instanceof XmlError ? `sent what we cannot read: ${error.message}` : 'broke off'),
    );
  });
  if (signal?.aborted === true) onAbort();
  else sent.end(body);
  return promise.finally(() => {
    clearTimeout(timeout);
    clearTimeout(connecting);
    signal?.removeEventListener('abort', onAbort);
  });
}

async function readBody(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // A document in an envelope is longer than by itself, by its escapes.
    if (length > 2 * DOCUMENT_MAX) throw new XmlError('the answer is too long');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const isLatin = /charset\s*=\s*"?iso-?8859-1/i.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode ?? 0,
    text: isLatin ? bytes.toString('latin1') : decodeDocument(bytes),
    cookies: response.headers['set-cookie'] ?? [],
  };
}

function keepCookie(cookies: Map<string, string>, written: string): void {
  const [pair = ''] = written.split(';');
  const equals = pair.indexOf('=');
  if (equals > 0) cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
}

/** The document in a reply, by local names: servers write the namespaces in more ways than one. */
function unwrap(url: URL, { status, text }: Reply): OciDocument {
  const body = readEnvelope(text);
  const fault = body === null ? undefined : childOf(body, 'Fault');
  if (fault !== undefined) {
    const said = childOf(fault, 'faultstring');
    if (said !== undefined && tokenOf(said).includes(NOT_LOGGED_IN))
      throw new LoggedOut(`${url.origin} knows no log-in`);
    throw new LostAnswer('session', `${url.origin} answered with a fault`);
  }
  const response = body === null ? undefined : childOf(body, 'processOCIMessageResponse');
  const returned = response === undefined ? undefined : childOf(response, 'processOCIMessageReturn');
  if (returned !== undefined) {
    try {
      return readDocument(returned.text.replace(/^\s*<\?xml[^>]*\?>/, ''));
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      throw new LostAnswer('session', `${url.origin} sent what we cannot read: ${error.message}`);
    }
  }
  // A gateway in between may have passed it on before it failed.
  if (status >= 500 || status < 300) throw new LostAnswer(`http_${status}`, `${url.origin} answered ${status}`);
  throw new BroadworksFailure(
    'unavailable',
    `${url.origin}${url.pathname} answered ${status} and is no provisioning service`,
    'never',
    SLOW_RETRY_MS,
  );
}

function readEnvelope(text: string): XmlElement | null {
  try {
    const envelope = parseXml(text);
    return envelope.name === 'Envelope' ? (childOf(envelope, 'Body') ?? null) : null;
  } catch (error) {
    if (error instanceof XmlError) return null;
    throw error;
  }
}
