/**
 * SIP phones that do nothing but register: each REGISTER is sent, challenged, and sent again with the digest (RFC 3261
 * section 22.4). Over UDP on the loopback; what is not answered is sent again.
 */
import { createHash } from 'node:crypto';
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Whoever registers; `ha1` is MD5(username:realm:password). */
export interface Subscriber {
  readonly username: string;
  readonly domain: string;
  readonly ha1: string;
}

export interface Registrations {
  /** Registrations a second that ended with 200. */
  readonly rate: number;
  /** How many ended by each final status. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly retransmissions: number;
}

const RETRANSMIT_MS = 500;
/** Whoever is silent for so long is gone, in milliseconds. */
const SILENCE_MAX_MS = 20_000;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** One REGISTER at a time, over and over. */
class Phone {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #id: number;
  #sequence = 0;
  #subscriber: Subscriber = { username: '', domain: '', ha1: '' };
  #text = '';
  #sentAt = 0;
  #begunAt = 0;
  #onStatus: (status: number) => void = () => {};
  #onSilence: (error: Error) => void = () => {};
  retransmissions = 0;

  constructor(socket: Socket, port: number, id: number) {
    this.#socket = socket;
    this.#port = port;
    this.#id = id;
  }

  /** Registers and answers the final status. */
  register(subscriber: Subscriber): Promise<number> {
    this.#subscriber = subscriber;
    this.#sequence += 2;
    this.#send('', this.#sequence);
    this.#begunAt = performance.now();
    return new Promise((resolve, reject) => {
      this.#onStatus = resolve;
      this.#onSilence = reject;
    });
  }

  receive(status: number, text: string): void {
    const cseq = Number(/\r\nCSeq: (\d+)/i.exec(text)?.[1]);
    const isChallenge = status === 401 && cseq === this.#sequence;
    if (isChallenge) this.#send(this.#authorization(text), this.#sequence + 1);
    else if (status >= 200 && cseq >= this.#sequence) {
      this.#sentAt = 0;
      this.#onStatus(status);
    }
  }

  /** Sends again what was not answered for long. */
  remind(now: number): void {
    if (this.#sentAt === 0 || now - this.#sentAt < RETRANSMIT_MS) return;
    if (now - this.#begunAt > SILENCE_MAX_MS) {
      this.#sentAt = 0;
      this.#onSilence(new Error(`no answer to REGISTER for ${SILENCE_MAX_MS} ms`));
      return;
    }
    this.retransmissions += 1;
    this.#sentAt = now;
    this.#socket.send(this.#text, this.#port, '127.0.0.1');
  }

  #authorization(challenge: string): string {
    const { username, domain, ha1 } = this.#subscriber;
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const ha2 = md5(`REGISTER:sip:${domain}`);
    const isCounted = /qop="?auth/i.test(challenge);
    const response = isCounted ? md5(`${ha1}:${nonce}:00000001:phone:auth:${ha2}`) : md5(`${ha1}:${nonce}:${ha2}`);
    return (
      `Authorization: Digest username="${username}", realm="${domain}", nonce="${nonce}", uri="sip:${domain}", ` +
      `response="${response}", algorithm=MD5${isCounted ? ', qop=auth, nc=00000001, cnonce="phone"' : ''}\r\n`
    );
  }

  #send(authorization: string, sequence: number): void {
    const { username, domain } = this.#subscriber;
    const { port } = this.#socket.address();
    this.#text =
      `REGISTER sip:${domain} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${this.#id}.${sequence};rport\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:${username}@${domain}>;tag=t${this.#id}\r\nTo: <sip:${username}@${domain}>\r\n` +
      `Call-ID: ${this.#id}.${this.#sequence}\r\nCSeq: ${sequence} REGISTER\r\nContact: <sip:${username}@127.0.0.1:${port}>\r\n` +
      `Expires: 600\r\n${authorization}Content-Length: 0\r\n\r\n`;
    this.#sentAt = performance.now();
    this.#socket.send(this.#text, this.#port, '127.0.0.1');
  }
}

/** So many phones on one socket, each with its next registration as soon as the former is answered. */
export class Phones {
  readonly #socket: Socket;
  readonly #phones: Phone[];
  readonly #timer: NodeJS.Timeout;

  private constructor(socket: Socket, port: number, count: number) {
    this.#socket = socket;
    this.#phones = Array.from({ length: count }, (_, id) => new Phone(socket, port, id));
    socket.on('message', (message) => {
      const text = message.toString('latin1');
      const status = Number(text.slice(8, 11));
      const id = Number(/\r\n(?:Call-ID|i): (\d+)\./i.exec(text)?.[1]);
      this.#phones[id]?.receive(status, text);
    });
    this.#timer = setInterval(() => {
      for (const phone of this.#phones) phone.remind(performance.now());
    }, 50);
  }

  /** Phones that register with a server on the loopback. */
  static async open(port: number, count: number): Promise<Phones> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Phones(socket, port, count);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** One registration by the first phone. */
  registerOnce(subscriber: Subscriber): Promise<number> {
    const [phone] = this.#phones;
    if (phone === undefined) throw new Error('there is no phone');
    return phone.register(subscriber);
  }

  /** Registers for so long with all phones, each with the next of the subscribers. */
  async registerFor(seconds: number, next: () => Subscriber): Promise<Registrations> {
    const statuses: Record<number, number> = {};
    const from = performance.now();
    const until = from + seconds * 1_000;
    const before = this.#retransmissions();
    await Promise.all(
      this.#phones.map(async (phone) => {
        while (performance.now() < until) {
          const status = await phone.register(next());
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
      }),
    );
    const rate = ((statuses[200] ?? 0) * 1_000) / (performance.now() - from);
    return { rate, statuses, retransmissions: this.#retransmissions() - before };
  }

  #retransmissions(): number {
    return this.#phones.reduce((sum, phone) => sum + phone.retransmissions, 0);
  }
}
