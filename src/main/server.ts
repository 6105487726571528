/**
 * Constructs, wires, starts and stops one server process. Everything that lives is made here and ended here, in the
 * reverse order.
 */
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import { normaliseSubject } from '#core/identifier.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import { DEFAULT_SETTINGS, type OperationContext } from '#operations/context.ts';
import { makeChainKey } from '#store/change.ts';
import { Session, makePool } from '#store/database.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { migrate } from '#store/migrate.ts';
import { asProblem } from '#store/transaction.ts';

import { type Administrator, offlineAuthenticator, prepareAdministrator } from './administrator.ts';
import { seedProfiles } from './builtin-profiles.ts';
import type { Configuration } from './configuration.ts';
import { makeDataFolder } from './database/data-folder.ts';
import { startEmbeddedPostgres } from './database/embedded-postgres.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { loadSecretKey } from './database/secret-key.ts';
import type { ServerSettings } from './database/server-settings.ts';
import { makeHttpServer } from './http-server.ts';
import { Maintenance } from './maintenance.ts';
import { makeMetrics } from './metrics.ts';
import { engineCheckpointFile, makeOutsideRecords } from './outside-records.ts';
import { readReadiness } from './readiness.ts';
import { Scheduler } from './scheduler.ts';

export interface ServerOptions {
  readonly configuration: Configuration;
  readonly log: FastifyBaseLogger;
  readonly version: string;
  /** Settings of the embedded database that replace the default ones. */
  readonly databaseSettings?: ServerSettings;
}

export interface Server {
  /** Where it answers, such as http://127.0.0.1:8080. */
  readonly address: string;
  /** The administrator's token if it was made just now. */
  readonly newToken: string | null;
  readonly context: OperationContext;
  /** Rejects when the embedded database ends by itself. */
  readonly failed: Promise<never>;
  /** Answers what was asked, refuses the rest, and stops everything. */
  stop(): Promise<void>;
}

const AWAY_RETRY_MS = 2_000;

/** Starts a server. Throws with a message for the user when it cannot, and leaves nothing running then. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const endings: (() => Promise<unknown> | void)[] = [];
  const stopAll = async () => {
    for (const end of endings.splice(0).toReversed())
      await Promise.resolve(end()).catch((error: unknown) =>
        options.log.warn({ err: error }, 'a part did not stop cleanly'),
      );
  };
  try {
    return await wire(options, endings, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function wire(
  options: ServerOptions,
  endings: (() => Promise<unknown> | void)[],
  stopAll: () => Promise<void>,
): Promise<Server> {
  const { configuration, log } = options;
  const { dataFolder } = configuration;
  await makeDataFolder(dataFolder);
  const secret = await loadSecretKey(dataFolder, configuration.secretKey);
  const database = await openDatabase(options, secret, endings);
  const pool = makePool({ connectionString: database.connectionString });
  endings.push(() => pool.end());
  const chainKey = makeChainKey(secret);
  const prepare = async (): Promise<Administrator> => {
    const count = await migrate(pool);
    if (count > 0) log.info({ count }, 'the schema was migrated');
    await seedProfiles({ pool, chainKey });
    return prepareAdministrator(new Session(pool), configuration.adminToken);
  };
  const administrator = await prepare().catch(async (error: unknown) => {
    if (asProblem(error).code !== 'unavailable' || !(await hasCheckpoint(dataFolder))) throw asUserError(error);
    log.warn('the database is away: decisions are made from the checkpoint until it comes back');
    return null;
  });
  let authenticate: Authenticate = administrator?.authenticate ?? offlineAuthenticator(configuration.adminToken);
  const engine = new DecisionEngine({
    source: makeDecisionSource(pool, database.connectionString),
    normaliseSubject,
    staleMaxMs: configuration.staleMaxMs,
    emergencyNumbers: configuration.emergencyNumbers,
    onTrouble: (what, error) => log.warn({ err: error }, what),
  });
  endings.push(() => engine.stop());
  await engine.start(engineCheckpointFile(dataFolder));
  const clock = () => new Date();
  const context: OperationContext = {
    pool,
    chainKey,
    engine,
    settings: {
      ...DEFAULT_SETTINGS,
      guardLimit: configuration.guardLimit,
      numberQuarantineDays: configuration.numberQuarantineDays,
    },
    clock,
    outside: makeOutsideRecords({ pool, chainKey, engine, clock }, dataFolder),
  };
  const scheduler = new Scheduler(context, log);
  const maintenance = new Maintenance(context, dataFolder, configuration.retention, log);
  const stopping = new AbortController();
  const app = await makeHttpServer({
    context,
    authenticate: (token) => authenticate(token),
    version: options.version,
    log,
    stopping: stopping.signal,
    metrics: makeMetrics(engine, scheduler),
    readiness: () => readReadiness(context, scheduler),
  });
  endings.push(() => maintenance.saveEngine());
  endings.push(() => context.outside?.writeCheckpoint());
  endings.push(() => maintenance.stop());
  endings.push(() => scheduler.stop());
  endings.push(() => app.close());
  endings.push(() => stopping.abort());
  if (administrator === null)
    void comeBack(prepare, stopping.signal, log, (found) => {
      authenticate = found.authenticate;
    });
  scheduler.start();
  maintenance.start();
  const address = await listen(app, configuration);
  return { address, newToken: administrator?.newToken ?? null, context, failed: database.failed, stop: stopAll };
}

interface Database {
  readonly connectionString: string;
  readonly failed: Promise<never>;
}

async function openDatabase(
  options: ServerOptions,
  secret: Buffer,
  endings: (() => Promise<unknown> | void)[],
): Promise<Database> {
  const { configuration, log } = options;
  const { dataFolder, databaseUrl } = configuration;
  if (databaseUrl !== undefined) {
    const lock = await lockDataFolder(dataFolder);
    endings.push(() => lock.release());
    return { connectionString: databaseUrl, failed: new Promise(() => {}) };
  }
  const server = await startEmbeddedPostgres({ dataFolder, secret, log, settings: options.databaseSettings ?? {} });
  let isStopping = false;
  endings.push(() => {
    isStopping = true;
    return server.stop();
  });
  const failed = server.exited.then((): Promise<never> => {
    if (isStopping) return new Promise(() => {});
    throw new Error(`The embedded database ended by itself; its log is ${dataFolder}/postgres.log.`);
  });
  failed.catch(() => {}); // Whoever waits for it hears of it; nobody else has to.
  return { connectionString: server.connectionString, failed };
}

async function hasCheckpoint(dataFolder: string): Promise<boolean> {
  return access(engineCheckpointFile(dataFolder)).then(
    () => true,
    () => false,
  );
}

/** Prepares the database once it is there. */
async function comeBack(
  prepare: () => Promise<Administrator>,
  signal: AbortSignal,
  log: FastifyBaseLogger,
  onReady: (administrator: Administrator) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(AWAY_RETRY_MS, undefined, { signal });
      onReady(await prepare());
      log.info('the database is back');
      return;
    } catch (error) {
      if (!signal.aborted && asProblem(error).code !== 'unavailable')
        log.error({ err: error }, 'the database cannot be used');
    }
  }
}

/** What the database refuses at the start is for the operator to read. */
function asUserError(error: unknown): unknown {
  const problem = asProblem(error);
  return problem.code === 'bug' ? error : problem;
}

async function listen(app: FastifyInstance, configuration: Configuration): Promise<string> {
  try {
    return await app.listen({ host: configuration.host, port: configuration.port });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new Error(
        `Port ${configuration.port} on ${configuration.host} is taken by another program; set ABEYANCE_PORT to a free one.`,
        { cause: error },
      );
    throw error;
  }
}
