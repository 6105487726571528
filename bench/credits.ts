/**
 * Creations a second on the fifth level of accounts, with a limit on every level, against the same creations where
 * nothing is charged: by sixteen writers in sixteen resellers, and by sixteen in one, who all meet in its row.
 */
import type { OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { putCredits } from '#operations/put-credits.ts';
import { makePool } from '#store/database.ts';

import { type Result, inTurns, ratePerSecond } from './result.ts';
import { BENCH, type World } from './world.ts';

const WRITERS = 16;
const DEPTH = 5;
const ROUNDS = 5;
const SECONDS = 4;
const GRANT = 1_000_000_000;

/** Takes the place of charging for connections that look here first. */
const WITHOUT_CHARGING = `
  create schema if not exists without_charging;
  create or replace function without_charging.charge(p_items jsonb, p_customer_default_zero boolean) returns void
  language sql begin atomic; end;`;

export async function benchCredits(world: World): Promise<Result[]> {
  const charged = await world.context();
  await world.pool.query(WITHOUT_CHARGING);
  const url = new URL(world.connectionString);
  url.searchParams.set('options', '-c search_path=without_charging,public');
  const pool = makePool({ connectionString: url.href, connectionsMax: 24 });
  const bare = { ...charged, pool };
  const results: Result[] = [];
  try {
    for (const resellers of [WRITERS, 1]) {
      const parents = await makeLines(charged, resellers);
      let created = 0;
      const rate = (context: OperationContext) =>
        ratePerSecond(SECONDS, WRITERS, (writer) =>
          createEntity(context, BENCH, {
            kind: 'application',
            name: `Written ${(created += 1)}`,
            parent: parents[writer] ?? 0,
          }),
        );
      const { one, other, ratio } = await inTurns(
        ROUNDS,
        () => rate(charged),
        () => rate(bare),
      );
      results.push({
        name: `create what is charged on ${DEPTH} levels, ${WRITERS} writers in ${resellers === 1 ? 'one reseller' : `${resellers} resellers`}`,
        value: Math.round(one),
        unit: 'commits/s',
        against: `without charging, ${Math.round(other)}/s`,
        ratio,
        goal: { of: 'ratio', atLeast: 0.6 },
      });
    }
    return results;
  } finally {
    await pool.end();
  }
}

/** The deepest account of each writer, in a line of its own beneath its reseller. */
async function makeLines(context: OperationContext, resellers: number): Promise<number[]> {
  const account = async (parent: number, level: number) => {
    const { value } = await createEntity(context, BENCH, { kind: 'account', name: `Level ${level}`, parent });
    await putCredits(context, BENCH, value.number, { application_credit: GRANT });
    return value.number;
  };
  const tops: number[] = [];
  for (let index = 0; index < resellers; index += 1) tops.push(await account(0, 1));
  const parents: number[] = [];
  for (let writer = 0; writer < WRITERS; writer += 1) {
    let parent = tops[writer % resellers] ?? 0;
    for (let level = 2; level <= DEPTH; level += 1) parent = await account(parent, level);
    parents.push(parent);
  }
  return parents;
}
