/** A whole installation for tests: database, engine, operations, and the native face without a socket. */
import { handOverNow } from '#main/hand-over.ts';
import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { normaliseSubject } from '#core/identifier.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { authenticator } from '#main/administrator.ts';
import { type HttpDeps, makeHttpServer } from '#main/http-server.ts';
import { DEFAULT_HTTP_SETTINGS } from '#main/http-settings.ts';
import {
  type Actor,
  DEFAULT_SETTINGS,
  type OperationContext,
  type OperationSettings,
  platformActor,
} from '#operations/context.ts';
import { Authenticator } from '#operations/identity/authenticator.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { makeSealingKey } from '#store/sealing.ts';
import { makeCallPlatform } from '#systems/call-platform/platform.ts';
import { makeNumberMarket } from '#systems/number-provider/market.ts';

import { type Cleanup, TEST_SECRET, type TestDatabase, testDatabase } from './database.ts';

export const ADMIN: Actor = platformActor('token:admin');
export const TOKEN = 'the-token-of-the-tests';

export interface Installation extends TestDatabase {
  readonly context: OperationContext;
  readonly app: FastifyInstance;
  /** Waits until the engine holds all that is committed. */
  readonly follow: () => Promise<void>;
}

export async function testInstallation(t: Cleanup, settings: Partial<OperationSettings> = {}): Promise<Installation> {
  const database = await testDatabase(t);
  const engine = makeEngine(database);
  t.after(() => engine.stop());
  await engine.start();
  const context: OperationContext = {
    pool: database.pool,
    chainKey: database.chainKey,
    sealingKey: makeSealingKey(TEST_SECRET),
    engine,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    clock: () => new Date(),
    numberMarket: makeNumberMarket(),
    callPlatform: makeCallPlatform(),
    handOver: handOverNow,
  };
  const stopping = new AbortController();
  const app = await makeApp(context, { stopping: stopping.signal });
  t.after(async () => {
    stopping.abort();
    await app.close();
  });
  return { ...database, context, app, follow: () => follow(context) };
}

/** Tests ask as fast as they can. */
export const NO_LIMITS = { ...DEFAULT_HTTP_SETTINGS, rateLimit: 0, rateLimitAddress: 0 };

/** A server on a context of its own making: another pool, another actor, a log that is read. */
export function makeApp(
  context: OperationContext,
  options: Partial<Pick<HttpDeps, 'authenticate' | 'log' | 'metrics' | 'readiness' | 'settings' | 'stopping'>> = {},
): Promise<FastifyInstance> {
  const identities = new Authenticator(context, authenticator(createHash('sha256').update(TOKEN).digest()));
  identities.start();
  return makeHttpServer({
    context,
    authenticate: (presented, request) => identities.authenticate(presented, request),
    verifyPassword: (name, password, address) => identities.verifyPassword(name, password, address),
    version: '0.0.0-test',
    log: pino({ level: 'silent' }),
    stopping: new AbortController().signal,
    metrics: null,
    readiness: () => Promise.reject(new Error('not asked for in tests')),
    settings: NO_LIMITS,
    ...options,
  });
}

/** Another engine on the same database, not started. */
export function makeEngine(database: TestDatabase): DecisionEngine {
  return new DecisionEngine({ source: makeDecisionSource(database.pool, database.connectionString), normaliseSubject });
}

const FOLLOW_MAX_MS = 10_000;

async function follow({ engine, pool }: OperationContext): Promise<void> {
  const { rows } = await pool.query<{ revision: number }>('select revision from change_counter');
  engine.poke();
  if (!(await engine.waitFor(rows[0]?.revision ?? 0, FOLLOW_MAX_MS))) throw new Error('the engine does not follow');
}
