/**
 * The import of an operator by the command line into the real server, against `COPY` of the rows that came of it into
 * tables of the same shape, with the same indexes and constraints.
 */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

import { writeOperator } from '../scripts/generate-operator.ts';
import { operatorCounts } from '../scripts/operator-tree.ts';
import { sizeFor } from './generated-tree.ts';
import { type Result, inTurns, timeMs } from './result.ts';
import { MAIN, TOKEN, type World, startAbeyance } from './world.ts';

const ROUNDS = 3;
const ENTITIES_MAX = 50_000;
/** In the order of their references. */
const TABLES = [
  'entity',
  'account',
  'sip_domain',
  'sip_account',
  'phone_number',
  'dns_zone',
  'dns_record',
  'identifier',
];

export async function benchImport(world: World): Promise<Result[]> {
  const file = join(world.folder, 'import.jsonl');
  const size = sizeFor(Math.min(world.entities, ENTITIES_MAX));
  const stream = createWriteStream(file);
  await writeOperator(size, stream);
  stream.end();
  await finished(stream);
  const entities = Object.values(operatorCounts(size)).reduce((sum, count) => sum + count, 0);
  const rate = (ms: number) => (entities * 1_000) / ms;
  const compared = await inTurns(
    ROUNDS,
    async (round) => rate(await importOnce(world, file, `import_${round}`)),
    async (round) => rate(await copyOnce(`import_${round}`, `copy_${round}`, world)),
  );
  return [
    {
      name: `import of ${entities} entities`,
      value: Math.round(compared.one),
      unit: 'entities/s',
      against: `COPY of the same rows, ${Math.round(compared.other)}/s`,
      ratio: compared.ratio,
      goal: { of: 'ratio', atLeast: 0.1 },
    },
  ];
}

async function importOnce(world: World, file: string, name: string): Promise<number> {
  const abeyance = await startAbeyance(world, await world.makeDatabase(name));
  const env = { ...process.env, ABEYANCE_URL: abeyance.url, ABEYANCE_TOKEN: TOKEN };
  try {
    return await timeMs(() => promisify(execFile)(process.execPath, [MAIN, 'import', '--json', file], { env }));
  } finally {
    await abeyance.stop();
  }
}

/** Copies what an import made into an empty database, in one transaction. */
async function copyOnce(from: string, to: string, world: World): Promise<number> {
  const source = new pg.Client({ connectionString: urlOf(world, from) });
  const target = new pg.Client({ connectionString: await world.makeDatabase(to) });
  await Promise.all([source.connect(), target.connect()]);
  const texts = new Map<string, Buffer[]>();
  for (const table of TABLES) {
    const condition = table === 'identifier' ? 'true' : `${table === 'entity' ? 'id' : 'entity_id'} <> 0`;
    // Parents before children, as COPY checks references row by row at the end of each statement.
    const rows = source.query(copyTo(`copy (select * from ${table} where ${condition}) to stdout`));
    const chunks: Buffer[] = [];
    for await (const chunk of rows) chunks.push(chunk as Buffer); // A copy gives bytes.
    texts.set(table, chunks);
  }
  const ms = await timeMs(async () => {
    await target.query('begin');
    for (const [table, chunks] of texts) await pipeline(chunks, target.query(copyFrom(`copy ${table} from stdin`)));
    await target.query('commit');
  });
  await Promise.all([source.end(), target.end()]);
  return ms;
}

function urlOf({ connectionString }: World, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}
