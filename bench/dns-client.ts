/** A resolver that does nothing but ask one server over UDP on the loopback, some questions at a time. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface Question {
  readonly name: string;
  readonly type: keyof typeof TYPES;
}

const TYPES = { A: 1, NS: 2, SOA: 6, MX: 15, TXT: 16, AAAA: 28, NAPTR: 35 } as const;
const CLASS_IN = 1;
const RESEND_MS = 500;
export const NOERROR = 0;
export const REFUSED = 5;

/** A query of one question (RFC 1035 section 4) without the wish for recursion. */
function queryOf({ name, type }: Question): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(TYPES[type], 1);
  tail.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([head, ...parts, tail]);
}

interface Waiting {
  readonly query: Buffer;
  sentAt: number;
  readonly resolve: (rcode: number) => void;
}

export class Resolver {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #id = 0;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (answer) => {
      const id = answer.readUInt16BE(0);
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) return;
      this.#waiting.delete(id);
      waiting.resolve(answer.readUInt8(3) & 15);
    });
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const waiting of this.#waiting.values()) {
        if (now - waiting.sentAt < RESEND_MS) continue;
        waiting.sentAt = now;
        this.#socket.send(waiting.query, this.#port, '127.0.0.1');
      }
    }, 50);
  }

  static async open(port: number): Promise<Resolver> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Resolver(socket, port);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** Asks until there is an answer, and gives its code. */
  ask(question: Question): Promise<number> {
    const query = queryOf(question);
    this.#id = (this.#id + 1) & 0xffff;
    query.writeUInt16BE(this.#id, 0);
    const id = this.#id;
    this.#socket.send(query, this.#port, '127.0.0.1');
    return new Promise((resolve) => this.#waiting.set(id, { query, sentAt: performance.now(), resolve }));
  }

  /** Asks for so long, so many questions at a time; answers a second, and how many came by each code. */
  async askFor(
    seconds: number,
    atOnce: number,
    next: () => Question,
  ): Promise<{ rate: number; codes: Readonly<Record<number, number>> }> {
    const codes: Record<number, number> = {};
    let count = 0;
    const from = performance.now();
    const until = from + seconds * 1_000;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (performance.now() < until) {
          const code = await this.ask(next());
          codes[code] = (codes[code] ?? 0) + 1;
          count += 1;
        }
      }),
    );
    return { rate: (count * 1_000) / (performance.now() - from), codes };
  }
}
