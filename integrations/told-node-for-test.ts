/** A node as the reconciler tells it to one system: what is desired now against what was confirmed last. */
import type pg from 'pg';

import type { Json, Values } from '#core/field.ts';
import type { ProfileFacts, SystemKindName, TargetFacts } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { makeDrivers } from '#main/drivers.ts';
import type { Order, Outcome } from '#systems/system.ts';

export interface ToldNode {
  /** Tells what is to be told, and answers what became of it; null where nothing was. */
  tell(timeoutMs?: number): Promise<Outcome | null>;
}

export function toldNode(
  pool: pg.Pool,
  kind: SystemKindName,
  system: { readonly settings: Values; readonly secrets?: Values },
  node: number,
): ToldNode {
  const { settings, secrets = {} } = system;
  const driver = makeDrivers({ pool })[kind]?.({ id: 1, name: kind, settings, secrets });
  if (driver === undefined) throw new Error(`there is no driver of ${kind}`);
  let applied: Json = null;
  return {
    async tell(timeoutMs = 5_000) {
      const facts = await factsOf(pool, kind, node);
      const desired = SYSTEM_KIND[kind].desired(facts, settings);
      const isDue = SYSTEM_KIND[kind].verb(applied, desired) !== null;
      const order: Order = {
        ...ORDER,
        entityId: node,
        accountId: node,
        kind: facts.kind,
        profiles: facts.profiles,
        desired,
        applied,
      };
      const outcome = isDue
        ? await driver.converge(order, {
            signal: new AbortController().signal,
            timeoutMs,
            slot: 0,
            keep: async () => {},
          })
        : null;
      if (outcome === null || outcome.type === 'done') applied = desired;
      return outcome;
    },
  };
}

/** What these drivers do not look at. */
const ORDER = {
  uuid: '',
  reference: {},
  values: {},
  kept: null,
  task: null,
  mayHaveActed: false,
  isForced: false,
  requestId: '',
  attempts: 0,
} as const;

async function factsOf(pool: pg.Pool, kind: SystemKindName, node: number): Promise<TargetFacts> {
  const { rows } = await pool.query<
    Omit<TargetFacts, 'profiles'> & { owner_closed: boolean; profiles: string[]; profiles_since: number[] }
  >('select e.kind, f.* from entity e, target_facts(e.id) f where e.id = $1', [node]);
  const [facts] = rows;
  if (facts === undefined) throw new Error(`there is no node ${node}`);
  const { rows: profiles } = await pool.query<{
    name: string;
    denied: number;
    intercepted: number;
    sessions: 'finish' | 'end';
    refusal_text: string;
    settings: Json;
  }>(
    `select p.name, p.denied, p.intercepted, p.sessions, p.refusal_text, p.systems -> $1 as settings
      from profile p where p.name = any ($2)`,
    [kind, facts.profiles],
  );
  const byName = new Map(profiles.map((profile) => [profile.name, profile]));
  return {
    kind: facts.kind,
    values: {},
    reference: {},
    denied: facts.denied,
    intercepted: facts.intercepted,
    closed: facts.closed,
    ownerClosed: facts.owner_closed,
    profiles: facts.profiles.flatMap((name, index): ProfileFacts[] => {
      const profile = byName.get(name);
      if (profile === undefined) return [];
      const { refusal_text: refusalText, ...rest } = profile;
      return [{ ...rest, refusalText, since: facts.profiles_since[index] ?? 0 }];
    }),
  };
}
