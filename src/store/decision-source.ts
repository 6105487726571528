/**
 * Feeds the decision engine from PostgreSQL.
 *
 * A load copies the tree in ranges of ids, so that no snapshot lives long. Following is one statement and therefore
 * one snapshot: the changes after a revision, and the states of all that they touched.
 */
import type { Readable } from 'node:stream';

import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

import type { DecisionSource, Head, LoadSink, Page } from '#core/decision-source.ts';
import { KINDS } from '#core/kind.ts';
import { type CopyRow, readCopyText } from '#store/copy-text.ts';
import { FOLLOW, PROFILES, entityRange, holdRange, nameRange } from '#store/decision-source-sql.ts';
import { listen } from '#store/listen.ts';
import { type PageJson, type ProfileJson, pageOf, profileOf } from '#store/decision-source-rows.ts';

/** The channel on which `commit_changes` tells the last revision. */
const CHANNEL = 'abeyance_change';
/** Entities copied under one snapshot: a fraction of a second. */
const RANGE = 100_000;

/** Makes the source of an engine. Listening has a connection of its own, since a pool would take it away. */
export function makeDecisionSource(pool: pg.Pool, connectionString: string): DecisionSource {
  return {
    load: (sink, signal) => withClient(pool, signal, (client) => load(client, sink, signal)),
    follow: (revision, limit, signal) => withClient(pool, signal, (client) => follow(client, revision, limit)),
    listen: (onRevision, onLost, signal) =>
      listen({
        connectionString,
        name: 'abeyance-follow',
        channels: [CHANNEL],
        onNotice: (_channel, payload) => onRevision(Number(payload)),
        onLost,
        signal,
      }),
  };
}

/** Lends a connection; when the signal is aborted meanwhile, the connection is thrown away with what runs on it. */
async function withClient<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isReleased = false;
  const release = (broken: boolean) => {
    if (isReleased) return;
    isReleased = true;
    client.release(broken);
  };
  const abort = () => release(true);
  // While it is lent, a connection that breaks tells nobody else; the query that runs fails by itself.
  const onError = () => {};
  client.on('error', onError);
  signal.addEventListener('abort', abort);
  try {
    if (signal.aborted) throw signal.reason;
    const result = await work(client);
    release(false);
    return result;
  } catch (error) {
    // Whatever state a failed copy leaves the connection in, nobody else gets it.
    release(true);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    client.off('error', onError);
  }
}

async function load(client: pg.PoolClient, sink: LoadSink, signal: AbortSignal): Promise<Head> {
  const counter = await client.query<{ epoch: string; revision: string; size: string }>(
    `select c.epoch::text, c.revision::text, (select coalesce(max(id), 0)::text from entity) as size from change_counter c`,
  );
  const [row] = counter.rows;
  if (row === undefined) throw new Error('change_counter has no row: the schema is not migrated');
  const head: Head = { epoch: row.epoch, revision: Number(row.revision) };
  const size = Number(row.size) + 1;
  sink.reserve(size);
  for (let from = 0; from < size; from += RANGE) {
    signal.throwIfAborted();
    await copy(client, entityRange(from, from + RANGE), 7, (fields) => readEntity(fields, sink));
    await copy(client, nameRange(from, from + RANGE), 2, (fields) => readName(fields, sink));
    await copy(client, holdRange(from, from + RANGE), 12, (fields) => readHold(fields, sink));
  }
  // Last, so that every profile of a hold that was read is among them.
  const profiles = await client.query<{ profile: ProfileJson }>(PROFILES);
  sink.profiles(profiles.rows.map(({ profile }) => profileOf(profile)));
  return head;
}

function copy(client: pg.PoolClient, query: string, columns: number, onRow: (row: CopyRow) => void): Promise<void> {
  const stream: Readable = client.query(copyTo(`copy (${query}) to stdout`));
  return readCopyText(stream, columns, onRow);
}

function readEntity(fields: CopyRow, sink: LoadSink): void {
  const kind = KINDS[(fields.integer(2) ?? 0) - 1];
  if (kind === undefined) throw new Error(`entity ${fields.integer(0)} has a kind that this release does not know`);
  sink.entity(fields.integer(0) ?? 0, {
    uuid: fields.text(1) ?? '',
    kind,
    parentId: fields.integer(3),
    ownerId: fields.integer(4),
    targetId: fields.integer(5),
    closedAtMs: fields.number(6),
  });
}

function readName(fields: CopyRow, sink: LoadSink): void {
  sink.name(fields.text(1) ?? '', fields.integer(0) ?? 0);
}

function readHold(fields: CopyRow, sink: LoadSink): void {
  sink.hold({
    id: fields.integer(0) ?? 0,
    uuid: fields.text(1) ?? '',
    entityId: fields.integer(2) ?? 0,
    profile: fields.text(3) ?? '',
    authority: fields.text(4) ?? '',
    authorityRank: fields.number(5) ?? 0,
    source: fields.text(6) ?? '',
    note: fields.text(7),
    placedBy: fields.text(8) ?? '',
    placedAtMs: fields.number(9) ?? 0,
    sinceMs: fields.number(10) ?? 0,
    endsAtMs: fields.number(11),
  });
}

async function follow(client: pg.PoolClient, revision: number, limit: number): Promise<Page> {
  const result = await client.query<{ page: PageJson }>(FOLLOW, [revision, limit]);
  const [row] = result.rows;
  if (row === undefined) throw new Error('change_counter has no row: the schema is not migrated');
  return pageOf(row.page);
}
