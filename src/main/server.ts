/**
 * Constructs, wires, starts and stops one server process. Everything that lives is made here and ended here, in the
 * reverse order.
 */
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import { normaliseSubject } from '#core/identifier.ts';
import { problem } from '#core/problem.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { DEFAULT_SETTINGS, type OperationContext } from '#operations/context.ts';
import { Authenticator } from '#operations/identity/authenticator.ts';
import type { OpenedSecrets } from '#store/chain-secret.ts';
import { Session, makePool } from '#store/database.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { asProblem } from '#store/transaction.ts';
import { makeCallPlatform } from '#systems/call-platform/platform.ts';
import { makeNumberMarket } from '#systems/number-provider/market.ts';

import { type Administrator, type KnowToken, offlineAuthenticator, prepareAdministrator } from './administrator.ts';
import { seedProfiles } from './builtin-profiles.ts';
import type { Configuration } from './configuration.ts';
import { makeDataFolder } from './database/data-folder.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { type SecretKeys, loadSecretKeys } from './database/secret-keys.ts';
import type { ServerSettings } from './database/server-settings.ts';
import { handOverNow } from './hand-over.ts';
import { makeHttpServer } from './http-server.ts';
import { Maintenance } from './maintenance.ts';
import { makeMetrics } from './metrics.ts';
import { openInstallation } from './open-installation.ts';
import { engineCheckpointFile, makeOutsideRecords } from './outside-records.ts';
import { PurchaseSettler } from './purchase-settler.ts';
import { readReadiness } from './readiness.ts';
import { Scheduler } from './scheduler.ts';
import { makeTelling } from './telling.ts';
import { rereadTls } from './tls.ts';
import { startWithKey } from './start-with-key.ts';
import { workerName } from './worker.ts';

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
  /** Takes certificate and key from their files as they are now; null without TLS. */
  readonly rereadCertificate: (() => Promise<void>) | null;
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
  const keys = await loadSecretKeys(configuration);
  const database = await openDatabase(options, keys, endings);
  const pool = makePool({ connectionString: database.connectionString });
  endings.push(() => pool.end());
  let secrets: OpenedSecrets | null = null;
  const prepare = async (): Promise<Administrator> => {
    secrets = await openInstallation(pool, keys, log);
    await seedProfiles({ pool, chainKey: secrets.chainKey });
    return prepareAdministrator(new Session(pool), configuration.adminToken);
  };
  const administrator = await prepare().catch(async (error: unknown) => {
    if (asProblem(error).code !== 'unavailable' || !(await hasCheckpoint(dataFolder))) throw asUserError(error);
    log.warn('the database is away: decisions are made from the checkpoint until it comes back');
    return null;
  });
  let knowsAdministrator: KnowToken = administrator?.knows ?? offlineAuthenticator(configuration.adminToken);
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
    get chainKey() {
      return opened(secrets).chainKey;
    },
    get sealingKey() {
      return opened(secrets).sealingKey;
    },
    engine,
    settings: {
      ...DEFAULT_SETTINGS,
      guardLimit: configuration.guardLimit,
      faceGuardLimit: configuration.faceGuardLimit,
      faceDepthMax: configuration.faceDepthMax,
      numberQuarantineDays: configuration.numberQuarantineDays,
      numberQuarantineByCountry: configuration.numberQuarantineByCountry,
      customerCreditDefault: configuration.customerCreditDefault,
    },
    clock,
    numberMarket: makeNumberMarket(),
    callPlatform: makeCallPlatform(),
    handOver: handOverNow,
    outside: makeOutsideRecords(
      {
        pool,
        get chainKey() {
          return opened(secrets).chainKey;
        },
        engine,
        clock,
      },
      dataFolder,
    ),
  };
  const authenticator = new Authenticator(context, (token) => knowsAdministrator(token));
  authenticator.start();
  endings.push(() => authenticator.stop());
  const scheduler = new Scheduler(context, log);
  const metrics = makeMetrics(engine, scheduler);
  const telling =
    configuration.role === 'api'
      ? null
      : makeTelling({
          pool,
          connectionString: database.connectionString,
          secrets: context,
          registry: metrics.registry,
          workerName: workerName(),
          version: options.version,
          isWebhookPrivateAllowed: configuration.isWebhookPrivateAllowed,
          log,
        });
  const maintenance = new Maintenance(context, dataFolder, configuration.retention, log);
  const settler = new PurchaseSettler(context, log);
  const stopping = new AbortController();
  const app = await makeHttpServer({
    context,
    authenticate: (presented, request) => authenticator.authenticate(presented, request),
    verifyPassword: (name, password, address) => authenticator.verifyPassword(name, password, address),
    version: options.version,
    log,
    stopping: stopping.signal,
    metrics,
    readiness: () => readReadiness(context, scheduler),
    settings: configuration.http,
  });
  endings.push(() => maintenance.saveEngine());
  endings.push(() => context.outside?.writeCheckpoint());
  endings.push(() => maintenance.stop());
  endings.push(() => scheduler.stop());
  endings.push(() => settler.stop());
  endings.push(() => telling?.stop());
  endings.push(engine.onTouched(() => telling?.poke()));
  endings.push(() => app.close());
  endings.push(() => stopping.abort());
  if (administrator === null)
    void comeBack(prepare, stopping.signal, log, (found) => {
      knowsAdministrator = found.knows;
    });
  scheduler.start();
  settler.start();
  maintenance.start();
  telling?.start();
  const address = await listen(app, configuration);
  const { tls } = configuration.http;
  return {
    address,
    newToken: administrator?.newToken ?? null,
    context,
    failed: database.failed,
    rereadCertificate: tls === null ? null : () => rereadTls(app, tls, log),
    stop: stopAll,
  };
}

/** What is sealed in the database cannot be used before it has come back for the first time. */
function opened(secrets: OpenedSecrets | null): OpenedSecrets {
  if (secrets === null)
    throw problem('unavailable', 'The database has not been reached since the start; nothing can be written yet.');
  return secrets;
}

interface Database {
  readonly connectionString: string;
  readonly failed: Promise<never>;
}

async function openDatabase(
  options: ServerOptions,
  keys: SecretKeys,
  endings: (() => Promise<unknown> | void)[],
): Promise<Database> {
  const { configuration, log } = options;
  const { dataFolder, databaseUrl } = configuration;
  if (databaseUrl !== undefined) {
    const lock = await lockDataFolder(dataFolder);
    endings.push(() => lock.release());
    return { connectionString: databaseUrl, failed: new Promise(() => {}) };
  }
  const { server } = await startWithKey({ dataFolder, log, settings: options.databaseSettings ?? {} }, keys);
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
  const told = asProblem(error);
  return told.code === 'bug' ? error : told;
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
