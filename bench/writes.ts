/**
 * Committed writes a second by one and by many writers, against the same transactions without the change log: the
 * price of gapless revisions in commit order. Whole operations show what a caller gets; a bare insert with its change,
 * sent at once, shows the ceiling that no operation can pass.
 */
import pg from 'pg';

import { type OperationContext, authorOf } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { commitArguments } from '#store/change.ts';
import { makePool } from '#store/database.ts';

import { type Result, inTurns, ratePerSecond } from './result.ts';
import { BENCH, type World } from './world.ts';

const WRITERS = [1, 16];
const ROUNDS = 3;
const SECONDS = 4;
const AUTHOR = authorOf(BENCH);

/** Takes the place of the log for connections that look here first. */
const WITHOUT_LOG = `
  create schema if not exists without_log;
  create or replace function without_log.commit_changes(p_author jsonb, p_changes jsonb, out first_revision bigint, out last_revision bigint, out at timestamptz)
  language sql return (0::bigint, 0::bigint, now());`;

interface Write {
  readonly name: string;
  /** How many commits one call makes. */
  readonly commits: number;
  readonly run: (context: OperationContext, writer: number) => Promise<unknown>;
}

export async function benchWrites(world: World): Promise<Result[]> {
  const logged = await world.context();
  await world.pool.query(WITHOUT_LOG);
  const url = new URL(world.connectionString);
  url.searchParams.set('options', '-c search_path=without_log,public');
  const pool = makePool({ connectionString: url.href, connectionsMax: 24 });
  const bare = { ...logged, pool };
  const { rows } = await world.pool.query<{ id: number }>(
    `select id from entity where kind = 'sip_account' order by md5(id::text) limit 16`,
  );
  const targets = rows.map(({ id }) => id);
  let created = 0;
  let inserted = 0;
  const writes: readonly Write[] = [
    {
      name: 'place and lift a hold',
      commits: 2,
      run: (context, writer) => placeAndLift(context, targets[writer] ?? 0),
    },
    {
      name: 'create an account',
      commits: 1,
      run: (context) => createEntity(context, BENCH, { kind: 'account', name: `Written ${(created += 1)}` }),
    },
    { name: 'bare insert with its change', commits: 1, run: (context) => insertBare(context, (inserted += 1)) },
  ];
  const results: Result[] = [];
  try {
    for (const { name, commits, run } of writes)
      for (const writers of WRITERS) {
        const rate = async (context: OperationContext) =>
          commits * (await ratePerSecond(SECONDS, writers, (writer) => run(context, writer)));
        const compared = await inTurns(
          ROUNDS,
          () => rate(logged),
          () => rate(bare),
        );
        results.push({
          name: `${name}, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
          value: Math.round(compared.one),
          unit: 'commits/s',
          against: `without the change log, ${Math.round(compared.other)}/s`,
          ratio: compared.ratio,
        });
      }
    return results;
  } finally {
    await pool.end();
  }
}

async function placeAndLift(context: OperationContext, entity: number): Promise<void> {
  const { value } = await placeHold(context, BENCH, entity, { profile: 'limited', source: 'bench-writes' });
  await liftHold(context, BENCH, entity, value.hold.id);
}

/** One name and its change in one round trip; the pads of the chain are those of whatever connection it gets. */
function insertBare({ pool, chainKey }: OperationContext, index: number): Promise<unknown> {
  const change = { kind: 'entity.updated', entityId: 0, facts: { index }, touched: [] };
  const pads = `set abeyance.chain_inner_pad = '${chainKey.innerPad.toString('hex')}'; set abeyance.chain_outer_pad = '${chainKey.outerPad.toString('hex')}'`;
  const call = commitArguments(AUTHOR, [change]).map((argument) => pg.escapeLiteral(argument));
  return pool.query(
    `${pads}; begin; insert into identifier_history (scheme, value, entity_id) values ('ref', 'bench ${index}', 0);
    select commit_changes(${call.join(', ')}); commit`,
  );
}
