/** The world that histories are played in: an installation, its actors and profiles, and how the database sees a tree. */
import { ACTIONS } from '#core/action.ts';
import { BUILTIN_PROFILES } from '#core/profile.ts';
import { type Actor, platformActor } from '#operations/context.ts';
import { putProfile } from '#operations/put-profile.ts';
import { Session, makePool } from '#store/database.ts';

import type { Cleanup } from './database.ts';
import { HOUR_MS } from './history-judge.ts';
import { type Effects, type ModelProfile, type Observed, effectsOf } from './history-model.ts';
import type { Cast } from './history-steps.ts';
import { ADMIN, type Installation } from './installation.ts';
import { keepPlansOf } from './kept-plans.ts';

export const ACTORS: readonly [Actor, ...Actor[]] = [
  ADMIN,
  { ...platformActor('test:reseller'), authority: 'reseller' },
  { ...platformActor('test:customer'), authority: 'customer' },
];

/**
 * The installation with connections that keep the plans of their statements: the same few run some hundred thousand
 * times here, and making their plans would be most of the work.
 */
export function keepPlans(t: Cleanup, here: Installation): Installation {
  const pool = makePool({ connectionString: here.connectionString });
  t.after(() => pool.end());
  keepPlansOf(pool);
  return { ...here, pool, session: new Session(pool), context: { ...here.context, pool } };
}

/** Defines the profiles that are tested beside the built-in ones, and says what all of them do. */
export async function makeCast({ context }: Installation): Promise<Cast> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const expiresAt = new Date(now + 24 * HOUR_MS).toISOString();
  const own = {
    diverted: { denied: ['dns'], intercepted: ['call.in', 'message.in', 'provision'] },
    toothless: { denied: [], intercepted: [] },
    blackout: {
      denied: [...ACTIONS],
      intercepted: [],
      legalOverride: { author: 'A. Judge', reason: 'order 4711', expiresAt },
    },
  } as const;
  for (const [name, body] of Object.entries(own)) await putProfile(context, ADMIN, name, body);
  const profiles: ModelProfile[] = [];
  for (const name of ['suspended', 'limited', 'bad_payer', 'uninitialized'] as const) {
    const { denied, intercepted } = BUILTIN_PROFILES[name] ?? { denied: [], intercepted: [] };
    profiles.push({ name, effects: effectsOf(denied, intercepted) });
  }
  for (const [name, { denied, intercepted }] of Object.entries(own))
    profiles.push({ name, effects: effectsOf(denied, intercepted) });
  const times = {
    pastStart: now - 2 * HOUR_MS,
    pastEnd: now - HOUR_MS,
    futureStart: now + HOUR_MS,
    futureEnd: now + 2 * HOUR_MS,
  };
  return { actors: ACTORS, profiles, times };
}

const texts = new Map<number, Effects>();

/** The letters for a pair of masks. */
export function effectsOfMasks(denied: number, intercepted: number): Effects {
  const key = denied * 65_536 + intercepted;
  let text = texts.get(key);
  if (text === undefined) {
    text = ACTIONS.map((_, bit) => ((denied >> bit) & 1 ? 'd' : (intercepted >> bit) & 1 ? 'i' : '.')).join('');
    texts.set(key, text);
  }
  return text;
}

export interface StoredNode extends Observed {
  readonly id: number;
  readonly parent: number | null;
  readonly owner: number | null;
  readonly ancestors: readonly number[] | null;
  readonly standing: string;
}

/** What the database says of entities: their rows, and what `restrictions()` computes. */
export async function readStored({ pool }: Installation, ids: readonly number[]): Promise<Map<number, StoredNode>> {
  const { rows } = await pool.query<
    [number, number | null, number | null, number[] | null, number, number, boolean, boolean, string]
  >({
    text: `select e.id, e.parent_id, e.owner_id, e.ancestors, r.denied, r.intercepted, r.closed, r.owner_closed,
        standing_word(r.denied, r.intercepted, r.closed)
      from entity e cross join lateral restrictions(e.id) r where e.id = any ($1::bigint[])`,
    values: [ids],
    rowMode: 'array',
  });
  return new Map(
    rows.map(([id, parent, owner, ancestors, denied, intercepted, isClosed, isOwnerClosed, standing]) => [
      id,
      { id, parent, owner, ancestors, effects: effectsOfMasks(denied, intercepted), isClosed, isOwnerClosed, standing },
    ]),
  );
}

export interface StoredHold {
  readonly uuid: string;
  readonly entity_id: number;
  readonly state: 'scheduled' | 'in force' | 'ended';
}

export async function readStoredHolds(
  { pool }: Installation,
  uuids: readonly string[],
): Promise<Map<string, StoredHold>> {
  const { rows } = await pool.query<StoredHold>(
    `select uuid, entity_id, case when ended_at is not null then 'ended' when activated_at is not null then 'in force' else 'scheduled' end as state
      from hold where uuid = any ($1::uuid[])`,
    [uuids],
  );
  return new Map(rows.map((row) => [row.uuid, row]));
}

/** Makes the start or the end of holds lie in the past, as if they had been placed long ago. */
export async function letTimePass(
  { pool }: Installation,
  holds: readonly { readonly uuid: string; readonly startsAt: Date; readonly endsAt: Date | null }[],
): Promise<void> {
  await pool.query(
    `update hold h set starts_at = w.starts_at, ends_at = coalesce(w.ends_at, h.ends_at)
      from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) w (uuid, starts_at, ends_at) where h.uuid = w.uuid`,
    [holds.map((hold) => hold.uuid), holds.map((hold) => hold.startsAt), holds.map((hold) => hold.endsAt)],
  );
}
