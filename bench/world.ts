/**
 * What the benches share: an embedded PostgreSQL that keeps its promises to the disk, a generated operator in it, and
 * servers of our own as other processes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type pg from 'pg';

import { normaliseSubject } from '#core/identifier.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { seedProfiles } from '#main/builtin-profiles.ts';
import { startEmbeddedPostgres } from '#main/database/embedded-postgres.ts';
import { type Actor, DEFAULT_SETTINGS, type OperationContext, platformActor } from '#operations/context.ts';
import { type ChainKey, makeChainKey } from '#store/change.ts';
import { makePool } from '#store/database.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { migrate } from '#store/migrate.ts';
import { makeSealingKey } from '#store/sealing.ts';

import { loadTree, sizeFor } from './generated-tree.ts';

export const MAIN = fileURLToPath(new URL('../src/main/abeyance.ts', import.meta.url));
export const BENCH: Actor = platformActor('token:bench');
export const TOKEN = 'the-token-of-the-benches';
const SECRET = Buffer.alloc(32, 'a key for benches');
export const BENCH_CHAIN_KEY = makeChainKey(SECRET);
export const BENCH_SEALING_KEY = makeSealingKey(SECRET);

export interface World {
  readonly folder: string;
  readonly connectionString: string;
  readonly chainKey: ChainKey;
  readonly pool: pg.Pool;
  /** Entities of the generated operator. */
  readonly entities: number;
  /** Operations with an engine of this process, which is loaded at first use. */
  context(): Promise<OperationContext>;
  /** Makes a migrated, empty database beside that of the operator; answers how to reach it. */
  makeDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the database, migrates it and loads the operator. */
export async function makeWorld(entities: number, tell: (what: string) => void): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-bench-'));
  await chmod(folder, 0o711); // The database may run as another user, who has to pass through.
  const log = { info: () => {}, warn: (facts: object, message: string) => console.error(message, facts) };
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const server = await startEmbeddedPostgres({ dataFolder: join(folder, 'database'), secret: SECRET, log }).catch(
    async (error: unknown) => {
      await removeFolder();
      throw error;
    },
  );
  const endings = [removeFolder, () => server.stop()];
  const stop = async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const chainKey = BENCH_CHAIN_KEY;
    const makeDatabase = async (name: string) => {
      const admin = makePool({ connectionString: server.connectionString });
      await admin.query(`create database ${name}`);
      await admin.end();
      const url = new URL(server.connectionString);
      url.pathname = `/${name}`;
      const pool = makePool({ connectionString: url.href });
      await migrate(pool);
      await seedProfiles({ pool, chainKey });
      await pool.end();
      return url.href;
    };
    const connectionString = await makeDatabase('operator');
    tell(`loading an operator of ${entities.toLocaleString('en')} entities`);
    const loaded = await loadTree(connectionString, sizeFor(entities));
    const pool = makePool({ connectionString, connectionsMax: 24 });
    endings.push(() => pool.end());
    let started: Promise<OperationContext> | null = null;
    const context = () => (started ??= startContext(connectionString, pool, chainKey, endings));
    return { folder, connectionString, chainKey, pool, entities: loaded, context, makeDatabase, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startContext(
  connectionString: string,
  pool: pg.Pool,
  chainKey: ChainKey,
  endings: (() => Promise<void>)[],
): Promise<OperationContext> {
  const engine = new DecisionEngine({ source: makeDecisionSource(pool, connectionString), normaliseSubject });
  endings.push(() => engine.stop());
  await engine.start();
  return { pool, chainKey, sealingKey: BENCH_SEALING_KEY, engine, settings: DEFAULT_SETTINGS, clock: () => new Date() };
}

export interface OtherProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts Abeyance as users do, as a process of its own on a free port, on the database. */
export async function startAbeyance(world: World, databaseUrl: string): Promise<OtherProcess> {
  const dataFolder = await mkdtemp(join(world.folder, 'data-'));
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      ABEYANCE_DATA: dataFolder,
      ABEYANCE_SECRET_KEY: SECRET.toString('base64'),
      ABEYANCE_ADMIN_TOKEN: TOKEN,
      ABEYANCE_HOST: '127.0.0.1',
      ABEYANCE_PORT: '0',
      ABEYANCE_LOG_LEVEL: 'warn',
      ABEYANCE_RATE_LIMIT: '1000000000', // Counted as always, never refused.
    },
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /^Abeyance is at (\S+),/.exec(line)?.[1];
    if (url === undefined) continue;
    const stop = async () => {
      if (child.exitCode === null && child.kill()) await once(child, 'exit');
    };
    return { url, stop };
  }
  throw new Error('the server did not start');
}
