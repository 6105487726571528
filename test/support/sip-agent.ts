/** A SIP user agent of the tests over UDP or TCP: registers, calls, answers, and shows each message as it came. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Cleanup } from './database.ts';

const ANSWER_MAX_MS = 15_000;
/** As long as UDP clients wait before they send again, RFC 3261 section 17.1.1.1. */
const RESEND_MS = 500;

export interface SipMessage {
  /** The status code of a response, 0 for a request. */
  readonly code: number;
  /** The reason phrase of a response, the method of a request. */
  readonly words: string;
  /** The URI of a request. */
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

export function headerOf(message: SipMessage, name: string): string {
  return message.headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? '';
}

function read(text: string): SipMessage {
  const [first = '', ...lines] = (text.split('\r\n\r\n')[0] ?? '').split('\r\n');
  const headers = lines.map(
    (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
  );
  const response = /^SIP\/2\.0 (\d+) (.*)$/.exec(first);
  const [method = '', uri = ''] = first.split(' ');
  return response
    ? { code: Number(response[1]), words: response[2] ?? '', uri: '', headers, text }
    : { code: 0, words: method, uri, headers, text };
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** HA1 of RFC 2617. */
export function ha1Of(username: string, realm: string, password: string): string {
  return md5(`${username}:${realm}:${password}`);
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const token = () => randomBytes(6).toString('hex');

export interface Asked {
  readonly from?: string;
  readonly to?: string;
  /** The request URI, where it is not the `to`. */
  readonly uri?: string;
  readonly credentials?: Credentials;
  readonly headers?: readonly string[];
  /** The tag of the To: a request that says it belongs to a dialog. */
  readonly toTag?: string;
  readonly maxForwards?: number;
  /** Sends CANCEL after the INVITE when this is done. */
  readonly cancelAfter?: Promise<unknown>;
}

/** What carries messages: the agent's own end, and how to send. */
interface Wire {
  readonly transport: 'UDP' | 'TCP';
  readonly port: number;
  /** With brackets where it is IPv6. */
  readonly address: string;
  send(text: string, port: number): void;
}

async function openUdp(t: Cleanup, address: string, onMessage: (text: string) => void): Promise<Wire> {
  const isIpv6 = address.includes(':');
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => void socket.close());
  socket.on('message', (data) => onMessage(data.toString()));
  const proxy = isIpv6 ? '::1' : '127.0.0.1';
  const send = (text: string, port: number) => socket.send(text, port, proxy);
  return { transport: 'UDP', port: socket.address().port, address: isIpv6 ? `[${address}]` : address, send };
}

/** Messages with bodies are not understood; Kamailio sends none here. */
async function openTcp(t: Cleanup, proxyPort: number, onMessage: (text: string) => void): Promise<Wire> {
  const socket = connect(proxyPort, '127.0.0.1');
  await once(socket, 'connect');
  t.after(() => void socket.destroy());
  let rest = '';
  socket.on('data', (data) => {
    const messages = (rest + data.toString()).split('\r\n\r\n');
    rest = messages.pop() ?? '';
    for (const message of messages) onMessage(`${message}\r\n\r\n`);
  });
  const send = (text: string) => void socket.write(text);
  return { transport: 'TCP', port: socket.localPort ?? 0, address: '127.0.0.1', send };
}

export class SipAgent {
  readonly port: number;
  /** Requests that came, but ACKs. */
  readonly requests: SipMessage[] = [];
  /** What it answers to requests; null: nothing. */
  answer: (request: SipMessage) => number | null = () => 200;
  readonly #wire: Wire;
  #proxyPort: number;
  readonly #waiting = new Map<string, (message: SipMessage) => void>();

  private constructor(wire: Wire, proxyPort: number) {
    this.#wire = wire;
    this.#proxyPort = proxyPort;
    this.port = wire.port;
  }

  /** One that sends from an address of its own to Kamailio on 127.0.0.1, or on ::1 when the address is IPv6. */
  static async open(t: Cleanup, proxyPort: number, address = '127.0.0.1', transport = 'UDP'): Promise<SipAgent> {
    let receive = (_text: string) => {};
    const onMessage = (text: string) => receive(text);
    const wire = transport === 'TCP' ? openTcp(t, proxyPort, onMessage) : openUdp(t, address, onMessage);
    const agent = new SipAgent(await wire, proxyPort);
    receive = (text) => agent.#receive(text);
    return agent;
  }

  /** Has it answer to another Kamailio, which was started when its own port was known. */
  sendTo(proxyPort: number): void {
    this.#proxyPort = proxyPort;
  }

  get at(): string {
    return `${this.#wire.address}:${this.port}`;
  }

  register(aor: string, credentials: Credentials, headers: readonly string[] = []): Promise<SipMessage> {
    const domain = aor.split('@')[1] ?? '';
    return this.request('REGISTER', { from: aor, to: aor, uri: `sip:${domain}`, credentials, headers });
  }

  /** A final answer to a request that is not part of a dialog; with credentials the challenge of each realm is answered once. */
  async request(method: string, asked: Asked): Promise<SipMessage> {
    const [callId, fromTag] = [token(), token()];
    const from = `<sip:${asked.from ?? `nobody@${this.at}`}>;tag=${fromTag}`;
    const to = asked.to ?? '';
    const uri = asked.uri ?? `sip:${to}`;
    const tag = asked.toTag === undefined ? '' : `;tag=${asked.toTag}`;
    const toHeader = `<${/^(sips?|tel|urn):/.test(to) ? '' : 'sip:'}${to}>${tag}`;
    const more = asked.headers ?? [];
    const contact = more.some((line) => line.startsWith('Contact:')) ? [] : [`Contact: ${this.#contact}`];
    const fixed = [`From: ${from}`, `Call-ID: ${callId}`, ...contact, ...more];
    let answer = await this.#transact(method, uri, 1, [`To: ${toHeader}`, ...fixed], asked);
    let realm: string | undefined;
    for (let cseq = 2; asked.credentials !== undefined && (answer.code === 401 || answer.code === 407); cseq += 1) {
      const isServer = answer.code === 401;
      const challenge = headerOf(answer, isServer ? 'WWW-Authenticate' : 'Proxy-Authenticate');
      const challenged = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
      if (challenged === realm) break; // The same realm again: the password was wrong.
      realm = challenged;
      const name = isServer ? 'Authorization' : 'Proxy-Authorization';
      const digest = `${name}: ${digestOf(challenge, method, uri, asked.credentials)}`;
      answer = await this.#transact(method, uri, cseq, [`To: ${toHeader}`, ...fixed, digest], asked);
    }
    return answer;
  }

  /** A request within the call that an answer began. */
  inDialog(method: string, answered: SipMessage, cseq = 9, headers: readonly string[] = []): Promise<SipMessage> {
    return this.#transact(method, this.#remote(answered), cseq, [...this.#dialog(answered), ...headers]);
  }

  get #contact(): string {
    return `<sip:agent@${this.at}${this.#wire.transport === 'TCP' ? ';transport=tcp' : ''}>`;
  }

  get #via(): string {
    return `Via: SIP/2.0/${this.#wire.transport} ${this.at}`;
  }

  #remote(answered: SipMessage): string {
    return /<([^>]+)>/.exec(headerOf(answered, 'Contact'))?.[1] ?? '';
  }

  #dialog(answered: SipMessage): string[] {
    const routes = answered.headers.filter(([name]) => name === 'Record-Route').map(([, value]) => `Route: ${value}`);
    return [
      ...routes.toReversed(),
      `From: ${headerOf(answered, 'From')}`,
      `To: ${headerOf(answered, 'To')}`,
      `Call-ID: ${headerOf(answered, 'Call-ID')}`,
      `Contact: ${this.#contact}`,
    ];
  }

  async #transact(
    method: string,
    uri: string,
    cseq: number,
    headers: readonly string[],
    { maxForwards = 70, cancelAfter }: Asked = {},
  ): Promise<SipMessage> {
    const branch = `z9hG4bK${token()}`;
    const via = `${this.#via};branch=${branch};rport`;
    const message = [
      `${method} ${uri} SIP/2.0`,
      via,
      `Max-Forwards: ${maxForwards}`,
      ...headers,
      `CSeq: ${cseq} ${method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    let resend: NodeJS.Timeout | undefined;
    const answered = new Promise<SipMessage>((resolve) => {
      this.#waiting.set(branch, (response) => {
        if (!headerOf(response, 'CSeq').endsWith(method)) return; // Of the CANCEL.
        clearInterval(resend);
        if (response.code >= 200) resolve(response);
      });
    });
    this.#send(message);
    if (this.#wire.transport === 'UDP') resend = setInterval(() => this.#send(message), RESEND_MS);
    void cancelAfter?.then(() =>
      this.#send(message.replace(/^INVITE/, 'CANCEL').replace(`CSeq: ${cseq} INVITE`, `CSeq: ${cseq} CANCEL`)),
    );
    const response = await Promise.race([answered, sleep(ANSWER_MAX_MS, null, { ref: false })]);
    clearInterval(resend);
    this.#waiting.delete(branch);
    assert.ok(response !== null, `no answer to:\n${message}`);
    if (method === 'INVITE') this.#acknowledge(response, uri, via, headers, cseq);
    return response;
  }

  #acknowledge(response: SipMessage, uri: string, via: string, headers: readonly string[], cseq: number): void {
    const isCall = response.code < 300;
    const lines = isCall
      ? this.#dialog(response)
      : [...headers.filter((line) => !line.startsWith('To:')), `To: ${headerOf(response, 'To')}`];
    const target = isCall ? this.#remote(response) : uri;
    const ownVia = isCall ? `${this.#via};branch=z9hG4bK${token()};rport` : via;
    this.#send(
      [
        `ACK ${target} SIP/2.0`,
        ownVia,
        'Max-Forwards: 70',
        ...lines,
        `CSeq: ${cseq} ACK`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  }

  #receive(text: string): void {
    const message = read(text);
    if (message.code > 0) {
      const branch = /branch=([^;,\s]+)/.exec(headerOf(message, 'Via'))?.[1] ?? '';
      this.#waiting.get(branch)?.(message);
      return;
    }
    if (message.words === 'ACK' || message.words === '') return;
    this.requests.push(message);
    const code = this.answer(message);
    if (code !== null) this.reply(message, code);
  }

  /** Answers a request that `answer` left open. */
  reply(message: SipMessage, code: number): void {
    const kept = message.headers.filter(([name]) => /^(Via|From|Call-ID|CSeq|Record-Route)$/i.test(name));
    const to = headerOf(message, 'To');
    this.#send(
      [
        `SIP/2.0 ${code} Answered`,
        ...kept.map(([name, value]) => `${name}: ${value}`),
        `To: ${/;tag=/.test(to) ? to : `${to};tag=${token()}`}`,
        `Contact: ${this.#contact}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  }

  #send(message: string): void {
    this.#wire.send(message, this.#proxyPort);
  }
}

/** The value of an Authorization header that answers a challenge. */
export function digestOf(challenge: string, method: string, uri: string, { username, password }: Credentials): string {
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const [realm, nonce, cnonce] = [part('realm'), part('nonce'), token()];
  const response = md5(
    `${ha1Of(username, realm, password)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`,
  );
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", qop=auth, nc=00000001, cnonce="${cnonce}", algorithm=MD5`;
}
