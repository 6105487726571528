import { createHash } from 'node:crypto';
import { pino } from 'pino';
import Fastify, { LogController } from 'fastify';
import { DecisionEngine } from '#decisions/engine.ts';
import { normaliseSubject } from '#core/identifier.ts';
import { authenticator } from '#main/administrator.ts';
import { makeHttpServer } from '#main/http-server.ts';
import { makeMetrics } from '#main/metrics.ts';
import { DEFAULT_SETTINGS } from '#operations/context.ts';
import { feed } from '../decisions.ts';
const variant = process.argv[2] ?? '';
if (variant.startsWith('fastify')) {
  const app = Fastify({ ...(variant.includes('log') ? { loggerInstance: pino({ level: 'warn' }) } : {}), logController: new LogController({ disableRequestLogging: true }), requestTimeout: 120000, forceCloseConnections: 'idle' });
  const body = 'x'.repeat(175);
  if (variant.includes('hook')) app.addHook('onResponse', (_r, _p, done) => done());
  if (variant.includes('async')) app.get('/v1/decisions', async () => ({ body }));
  else if (variant.includes('sync')) app.get('/v1/decisions', () => ({ body }));
  else app.get('/v1/decisions', (_r, reply) => { reply.send(body); });
  await app.listen({ port: 0, host: '127.0.0.1' });
  process.send?.((app.server.address() as { port: number }).port);
} else {
const head = { epoch: 'bench', revision: 1 };
const engine = new DecisionEngine({ normaliseSubject, source: {
  load: (sink) => { feed({ entities: 20000, depth: 6 }, sink); return Promise.resolve(head); },
  follow: () => Promise.resolve({ epoch: 'bench', head: 1, first: null, last: null, states: [], profiles: null }),
  listen: () => Promise.resolve({ close: () => Promise.resolve() }),
} });
await engine.start();
const context = { pool: null as never, chainKey: null as never, engine, settings: DEFAULT_SETTINGS, clock: () => new Date() };
const actor = { name: 'x', accountId: 0, authority: 'platform' as const };
const app = await makeHttpServer({ context,
  authenticate: variant.includes('noauth') ? () => actor : authenticator(createHash('sha256').update('the-token-of-the-benches').digest()),
  version: '0', log: pino({ level: 'warn' }), stopping: new AbortController().signal,
  metrics: variant.includes('nometrics') ? null : makeMetrics(engine, { lagMs: async () => 0, activated: 0, expired: 0 } as never),
  readiness: () => Promise.reject(new Error()) });
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as { port: number }).port);
}

process.on('SIGTERM', () => process.exit());
