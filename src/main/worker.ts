/**
 * A process that only tells others, systems and webhooks: no public API, no decisions, no scheduler. It has the pages of monitoring, and needs the
 * database and the secret key that all processes of the installation share.
 */
import { hostname } from 'node:os';

import Fastify, { LogController } from 'fastify';
import { Registry, collectDefaultMetrics } from 'prom-client';

import type { OpenedSecrets } from '#store/chain-secret.ts';
import { Session, makePool } from '#store/database.ts';
import { getHead } from '#store/change.ts';
import { sweepLag } from '#store/sweep-log.ts';

import { makeDataFolder } from './database/data-folder.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { loadSecretKeys } from './database/secret-keys.ts';
import { registerMonitoring } from './monitoring-pages.ts';
import { openInstallation } from './open-installation.ts';
import type { Server, ServerOptions } from './server.ts';
import { ConfigurationError } from './setting.ts';
import { makeTelling } from './telling.ts';

/** What a worker is called in the list of workers. */
export function workerName(): string {
  return `${hostname()}:${process.pid}`;
}

/** Starts a worker. Throws with a message for the user when it cannot, and leaves nothing running then. */
export async function startWorker({ configuration, log, version }: ServerOptions): Promise<Omit<Server, 'context'>> {
  const { dataFolder, databaseUrl, host, port } = configuration;
  if (databaseUrl === undefined)
    throw new ConfigurationError(
      'DATABASE_URL',
      'must be given for a worker: the embedded database belongs to one process',
    );
  const endings: (() => Promise<unknown> | void)[] = [];
  const stop = async () => {
    for (const end of endings.splice(0).toReversed())
      await Promise.resolve(end()).catch((error: unknown) => log.warn({ err: error }, 'a part did not stop cleanly'));
  };
  try {
    await makeDataFolder(dataFolder);
    const lock = await lockDataFolder(dataFolder);
    endings.push(() => lock.release());
    const keys = await loadSecretKeys(configuration);
    const pool = makePool({ connectionString: databaseUrl });
    endings.push(() => pool.end());
    const secrets: OpenedSecrets = await openInstallation(pool, keys, log);
    const registry = new Registry();
    collectDefaultMetrics({ register: registry, prefix: 'abeyance_' });
    const telling = makeTelling({
      pool,
      connectionString: databaseUrl,
      secrets,
      registry,
      workerName: workerName(),
      version,
      isWebhookPrivateAllowed: configuration.isWebhookPrivateAllowed,
      log,
    });
    const app = Fastify({ loggerInstance: log, logController: new LogController({ disableRequestLogging: true }) });
    registerMonitoring(app, { registry, readiness: () => readWorkerReadiness(new Session(pool)) });
    app.setNotFoundHandler((request, reply) =>
      reply
        .code(404)
        .type('application/problem+json')
        .send({
          type: 'about:blank',
          title: 'Not found',
          status: 404,
          code: 'not_found',
          detail: `There is nothing at ${request.method} ${request.url.split('?')[0]}: this is a worker, which answers monitoring only.`,
        }),
    );
    endings.push(() => app.close());
    endings.push(() => telling.stop());
    telling.start();
    const address = await app.listen({ host, port });
    return { address, newToken: null, failed: new Promise(() => {}), rereadCertificate: null, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A worker is ready while the database is there; how far it is behind is told, and decides nothing. */
async function readWorkerReadiness(session: Session) {
  const isUsable = await getHead(session).then(
    () => true,
    () => false,
  );
  const lag = isUsable ? await sweepLag(session).catch(() => null) : null;
  return { ready: isUsable, checks: { database: { ok: isUsable } }, reconciler: lag };
}
