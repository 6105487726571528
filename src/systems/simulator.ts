/**
 * An HTTP server that plays a downstream system and misbehaves when told to: slow, down, refusing, forgetful, late.
 *
 * For tests and benches; nothing of the program imports it.
 */
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type Server as TlsServer, type ServerOptions, createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** How it misbehaves. Shares are from 0 to 1, each drawn for each request. */
export interface Knobs {
  /** How long each request takes before it acts, in milliseconds. */
  latencyMs: number;
  /** Connections are cut before anything is done. */
  isDown: boolean;
  /** Share of requests that are refused with 503 and do nothing. */
  refuse: number;
  /** Share of requests whose connection is cut before they act. */
  loseRequest: number;
  /** Share of requests that act, and whose connection is cut instead of a reply. */
  loseReply: number;
  /** Share of requests whose connection is cut at once, and which act only after `lateMs`. */
  late: number;
  lateMs: number;
  /** Numbers from 0 to below 1; a seeded one makes a run repeatable. */
  random: () => number;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly request: IncomingMessage;
}

export interface Replied {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Simulator {
  /** Its address, without a slash at the end. */
  readonly origin: string;
  readonly knobs: Knobs;
  /** Requests that came, whatever became of them. */
  readonly count: number;
  stop(): Promise<void>;
}

const WELL: Omit<Knobs, 'random'> = {
  latencyMs: 0,
  isDown: false,
  refuse: 0,
  loseRequest: 0,
  loseReply: 0,
  late: 0,
  lateMs: 0,
};

/** Starts one on a free port. `act` is what the system does when nothing goes wrong; it answers at once. */
export async function startSimulator(
  act: (asked: Asked) => Replied,
  options: {
    readonly knobs?: Partial<Knobs>;
    readonly tls?: ServerOptions;
    readonly port?: number;
    /** What it says when it refuses; by default 503 without a body. */
    readonly refusal?: (asked: Asked) => Replied;
  } = {},
): Promise<Simulator> {
  const knobs: Knobs = { ...WELL, random: Math.random, ...options.knobs };
  const late = new Set<NodeJS.Timeout>();
  let count = 0;
  const draw = (share: number) => share > 0 && knobs.random() < share;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    count += 1;
    if (knobs.isDown || draw(knobs.loseRequest)) return void request.socket.destroy();
    const asked = await read(request);
    if (draw(knobs.late)) {
      request.socket.destroy();
      const timeout = setTimeout(() => {
        late.delete(timeout);
        act(asked);
      }, knobs.lateMs);
      late.add(timeout);
      return;
    }
    if (knobs.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, knobs.latencyMs));
    const replied = draw(knobs.refuse) ? (options.refusal?.(asked) ?? { status: 503 }) : act(asked);
    if (draw(knobs.loseReply)) return void request.socket.destroy();
    const text = typeof replied.body === 'string' ? replied.body : JSON.stringify(replied.body);
    const type = typeof replied.body === 'string' ? 'text/plain' : 'application/json';
    response.writeHead(replied.status, { ...(text === undefined ? {} : { 'content-type': type }), ...replied.headers });
    response.end(text);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => request.socket.destroy()); // The client went away, which is its right.
  const server: TlsServer | ReturnType<typeof createServer> =
    options.tls === undefined ? createServer(onRequest) : createTlsServer(options.tls, onRequest);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    knobs,
    get count() {
      return count;
    },
    async stop() {
      for (const timeout of late) clearTimeout(timeout);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // No encoding is set.
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://simulator.invalid'),
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    request,
  };
}
