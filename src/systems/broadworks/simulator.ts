/**
 * A BroadWorks application server that is played: OCI-P over TCP, TLS and SOAP, with knobs by which it misbehaves.
 *
 * It writes as clients of the field want it: ASCII alone, no declaration, a line feed at the end, fixed prefixes and attributes in
 * the order of a real server. For tests and benches; nothing of the program imports it.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';

import type { Knobs } from '#systems/simulator.ts';

import { DocumentCutter, decodeDocument } from './document-cutter.ts';
import { answerText, faultText, logoutText, readEnvelope, readRequest, soapText } from './simulator-wire.ts';
import { type Visitor, type World, carryOut } from './simulator-world.ts';

export interface BroadworksKnobs extends Knobs {
  /** Whether only writes are misbehaved with. */
  onlyWrites: boolean;
  /** `ascii` as our own server, else as real ones: with a declaration, and characters in that encoding. */
  encoding: 'ascii' | 'UTF-8' | 'ISO-8859-1';
  /** The log-in of the connection is ended instead of an answer, before this many further documents; 0: never. */
  logOutIn: number;
  /** The connection is dropped as soon as it is made, as it is for hosts that are not on the access list. */
  isStranger: boolean;
}

export interface BroadworksSimulator {
  readonly transport: 'tcp' | 'tls' | 'soap';
  readonly port: number;
  /** For SOAP. */
  readonly url: string;
  readonly world: World;
  readonly knobs: BroadworksKnobs;
  /** Each document that came, as text. */
  readonly log: readonly string[];
  /** Connections that stand. */
  readonly connections: number;
  stop(): Promise<void>;
}

export interface SimulatorOptions {
  readonly transport?: 'tcp' | 'tls' | 'soap';
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly world?: Partial<World>;
  readonly knobs?: Partial<BroadworksKnobs>;
}

const WELL: BroadworksKnobs = {
  latencyMs: 0,
  isDown: false,
  refuse: 0,
  loseRequest: 0,
  loseReply: 0,
  late: 0,
  lateMs: 0,
  random: Math.random,
  onlyWrites: false,
  encoding: 'ascii',
  logOutIn: 0,
  isStranger: false,
};

export const SIMULATED = { userId: 'abeyance@as.example', password: 'the eagle & <child>' };

/** Starts one on a free port of this machine. */
export async function startBroadworks(options: SimulatorOptions = {}): Promise<BroadworksSimulator> {
  const { transport = 'tcp', tls } = options;
  const knobs: BroadworksKnobs = { ...WELL, ...options.knobs };
  const world: World = {
    ...SIMULATED,
    family: '21sp1',
    knowsOneStep: true,
    loginType: 'System',
    emergencyAndRepairIntercept: false,
    isServerMode: true,
    ignored: new Set(),
    subscribers: new Map(),
    badLogIns: 0,
    logIns: 0,
    refusal: null,
    ...options.world,
  };
  const log: string[] = [];
  const stopping = new AbortController();
  const sockets = new Set<Socket>();
  const late = new Set<NodeJS.Timeout>();
  const act = (text: string, visitor: Visitor): string => {
    const { sessionId, commands } = readRequest(text);
    return answerText(sessionId, commands, (command) => carryOut(world, visitor, command), knobs.encoding);
  };
  /** One document, from its coming to its answer; null cuts the connection. */
  const serve = async (text: string, visitor: Visitor, gone: () => void): Promise<string | null> => {
    log.push(text);
    const mayMisbehave = !knobs.onlyWrites || /ModifyRequest/.test(text);
    const draw = (share: number) => mayMisbehave && share > 0 && knobs.random() < share;
    if (knobs.isDown || draw(knobs.loseRequest)) return null;
    if (draw(knobs.late)) {
      gone();
      const timeout = setTimeout(() => {
        late.delete(timeout);
        act(text, visitor);
      }, knobs.lateMs);
      late.add(timeout);
      return null;
    }
    if (mayMisbehave && knobs.latencyMs > 0) await wait(knobs.latencyMs, undefined, { signal: stopping.signal });
    if (knobs.logOutIn > 0 && (knobs.logOutIn -= 1) === 0) {
      visitor.isLoggedIn = false;
      return logoutText(world.userId);
    }
    if (draw(knobs.refuse)) {
      const { sessionId, commands } = readRequest(text);
      return answerText(sessionId, commands, () => ({ error: 'NO_OCS_CONNECTION' }), knobs.encoding);
    }
    const answer = act(text, visitor);
    return draw(knobs.loseReply) ? null : answer;
  };
  const server = transport === 'soap' ? soapServer(serve, tls) : streamServer(serve, knobs, tls);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // The client went away, which is its right.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    transport,
    port,
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}/webservice/services/ProvisioningService`,
    world,
    knobs,
    log,
    get connections() {
      return sockets.size;
    },
    async stop() {
      if (!server.listening) return;
      for (const timeout of late) clearTimeout(timeout);
      stopping.abort();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Serve = (text: string, visitor: Visitor, gone: () => void) => Promise<string | null>;

/** A log-in belongs to a connection and the session's id together. */
function visitorsOf(): (sessionId: string) => Visitor {
  const visitors = new Map<string, Visitor>();
  return (sessionId) => {
    const visitor = visitors.get(sessionId) ?? { nonce: null, isLoggedIn: false };
    visitors.set(sessionId, visitor);
    return visitor;
  };
}

function streamServer(serve: Serve, knobs: BroadworksKnobs, tls: SimulatorOptions['tls']): Server {
  const onConnection = (socket: Socket) => {
    if (knobs.isStranger) return void socket.destroy();
    const cutter = new DocumentCutter();
    const visitorOf = visitorsOf();
    let queue = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of cutter.push(chunk)) {
        const text = decodeDocument(bytes);
        const answered = queue.then(async () => {
          const answer = await serve(text, visitorOf(readRequest(text).sessionId), () => socket.destroy());
          if (answer === null) socket.destroy();
          else if (!socket.destroyed) socket.write(answer, knobs.encoding === 'UTF-8' ? 'utf8' : 'latin1');
        });
        queue = answered.catch(() => void socket.destroy()); // It stops, or was sent what is no document.
      }
    });
  };
  return tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
}

function soapServer(serve: Serve, tls: SimulatorOptions['tls']): Server {
  const cookies = new Map<string, (sessionId: string) => Visitor>();
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const document = readEnvelope(Buffer.concat(chunks).toString('utf8'));
    const cookie = /JSESSIONID=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID();
    const visitorOf = cookies.get(cookie) ?? visitorsOf();
    cookies.set(cookie, visitorOf);
    const visitor = visitorOf(readRequest(document).sessionId);
    const isKnown = visitor.isLoggedIn || /(Authentication|Login)Request/.test(document);
    const answer = isKnown ? await serve(document, visitor, () => request.socket.destroy()) : '';
    if (answer === null) return void request.socket.destroy();
    // Over SOAP nothing can come unasked: who was logged out finds out by a fault.
    const isFault = !isKnown || answer.includes('LogoutRequest"');
    response.writeHead(isFault ? 500 : 200, {
      'content-type': 'text/xml; charset=utf-8',
      'set-cookie': `JSESSIONID=${cookie}; Path=/; HttpOnly`,
    });
    response.end(isFault ? faultText() : soapText(answer));
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => request.socket.destroy()); // The client went away, which is its right.
  return tls === undefined ? createHttpServer(onRequest) : createHttpsServer(tls, onRequest);
}
