/**
 * What a planned change would have each system told, counted without doing it.
 *
 * Reached are the targets that the receipt of the change will count; told is what follows from the facts before and after it,
 * by the same function that the reconciler computes from.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { maskOf } from '#core/action.ts';
import type { Json, Values } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import type { ProfileBody } from '#core/profile.ts';
import type { ProfileFacts, SystemKind, SystemKindName, TargetFacts } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { FactsChange, FactsGroup, ProfileInForce, SideFacts } from '#decisions/plan-facts.ts';
import type { OperationContext } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers } from '#store/entity.ts';
import {
  type AlikeTargets,
  type ToldSystem,
  countAlike,
  listBoundTargets,
  listToldSystems,
} from '#store/plan-targets.ts';
import { listProfiles } from '#store/profile.ts';
import { isCatchingUp } from '#store/system-list.ts';

export interface PlannedSystem {
  readonly system: string;
  readonly kind: SystemKindName;
  /** How many targets the change reaches. */
  readonly targets: number;
  /** How many of them are told what, in a word or two of the system. */
  readonly told: Readonly<Record<string, number>>;
  readonly unchanged: number;
}

/** A change as systems see it: with the body of a profile that is edited. */
export type PlannedForSystems = FactsChange & { readonly body?: ProfileBody };

/** Counts what the change on the node does to each system that it reaches, by name. */
export async function planSystems(
  context: OperationContext,
  session: Session,
  node: { readonly id: number; readonly kind: Kind },
  change: PlannedForSystems,
): Promise<PlannedSystem[]> {
  const systems = await listToldSystems(session);
  if (systems.length === 0) return [];
  await waitForTargets(session);
  const counter = new Counter(context, session, node.id, change, await profilesOf(session, change));
  const nodes = change.type === 'profile' ? context.engine.nodesHeldBy(change.name) : [node.id];
  if (nodes.length === 0) return [];
  const bound = await listBoundTargets(session, nodes);
  const isNodeTold = systems.some((system) => SYSTEM_KIND[system.kind].reach === 'node');
  const kinds = isNodeTold ? await listByNumbers(session, nodes) : [];
  const planned: PlannedSystem[] = [];
  for (const system of systems) {
    const tally: Tally = { targets: 0, told: {}, unchanged: 0 };
    if (SYSTEM_KIND[system.kind].reach === 'node')
      for (const [kind, group] of Map.groupBy(kinds, (entity) => entity.kind)) {
        if (!SYSTEM_KIND[system.kind].serves.includes(kind)) continue;
        const ids = group.map(({ id }) => id);
        await counter.count(system, kind, ids, tally);
      }
    for (const group of bound)
      if (group.system_id === system.id) await counter.count(system, group.kind, group.ids, tally);
    if (tally.targets > 0) planned.push({ system: system.name, kind: system.kind, ...tally });
  }
  return planned;
}

/** How long a plan waits until what was committed a moment ago has its targets. */
const TARGETS_WAIT_MS = 1_000;
const LOOK_MS = 25;

async function waitForTargets(session: Session): Promise<void> {
  const endMs = performance.now() + TARGETS_WAIT_MS;
  while ((await isCatchingUp(session)) && performance.now() < endMs) await sleep(LOOK_MS);
}

interface Tally {
  targets: number;
  told: Record<string, number>;
  unchanged: number;
}

/** The profiles by name, now and after the change. */
interface Profiles {
  readonly now: ReadonlyMap<string, ProfileBody>;
  readonly later: ReadonlyMap<string, ProfileBody>;
}

async function profilesOf(session: Session, change: PlannedForSystems): Promise<Profiles> {
  const now = new Map<string, ProfileBody>((await listProfiles(session)).map((profile) => [profile.name, profile]));
  if (change.type !== 'profile' || change.body === undefined) return { now, later: now };
  return { now, later: new Map(now).set(change.name, change.body) };
}

/** What was not read yet turned out to matter: fields of the entity, or how the system names it. */
class Needed {
  readonly fields = new Set<string>();
  needsReference = false;
}

interface Details {
  readonly reference: Json;
  readonly values: Values;
}

class Counter {
  readonly #context: OperationContext;
  readonly #session: Session;
  readonly #node: number;
  readonly #change: PlannedForSystems;
  readonly #profiles: Profiles;

  constructor(
    context: OperationContext,
    session: Session,
    node: number,
    change: PlannedForSystems,
    profiles: Profiles,
  ) {
    this.#context = context;
    this.#session = session;
    this.#node = node;
    this.#change = change;
    this.#profiles = profiles;
  }

  /** Adds the targets of one kind of entity to the tally of a system; those that nothing reaches are left out. */
  async count(system: ToldSystem, kind: Kind, ids: readonly number[], tally: Tally): Promise<void> {
    // Ends of sessions go by when a hold came into force; of nodes there are few.
    const withSince = SYSTEM_KIND[system.kind].reach === 'node';
    const { groups, groupOf } = this.#context.engine.planFacts(this.#node, this.#change, ids, withSince);
    const members = groups.map((): number[] => []);
    for (const [index, id] of ids.entries()) members[groupOf[index] ?? -1]?.push(id);
    for (const [index, group] of groups.entries()) {
      const of = members[index] ?? [];
      tally.targets += of.length;
      await this.#countAll(system, kind, group, of, tally);
    }
  }

  /**
   * Computes once for all targets of a group that are alike in what the kind of system looks at: what that is shows when it is
   * looked at, and is read then.
   */
  async #countAll(system: ToldSystem, kind: Kind, group: FactsGroup, ids: readonly number[], tally: Tally) {
    const needed = new Needed();
    const isBound = SYSTEM_KIND[system.kind].reach === 'bound';
    for (let alike: readonly AlikeTargets[] | null = null; ;) {
      const verbs = this.#verbs(system, kind, group, alike, ids.length, needed);
      if (verbs !== null) {
        for (const [verb, count] of verbs) add(tally, verb, count);
        return;
      }
      const referencesOf = isBound && needed.needsReference ? system.id : null;
      alike = await countAlike(this.#session, kind, ids, [...needed.fields], referencesOf);
    }
  }

  /** What would be told to how many; null when that depends on what was not read yet. */
  #verbs(
    system: ToldSystem,
    kind: Kind,
    group: FactsGroup,
    alike: readonly AlikeTargets[] | null,
    count: number,
    needed: Needed,
  ): [verb: string | null, count: number][] | null {
    try {
      if (alike === null) return [[this.#verb(system, kind, group, null, needed), count]];
      return alike.map((part) => {
        // What the system cannot name is not told, but put before a person.
        const isNameless =
          needed.needsReference && part.reference === null && SYSTEM_KIND[system.kind].reach === 'bound';
        return [isNameless ? null : this.#verb(system, kind, group, part, needed), part.count];
      });
    } catch (thrown) {
      if (thrown === needed) return null;
      throw thrown;
    }
  }

  #verb(system: ToldSystem, kind: Kind, group: FactsGroup, details: Details | null, needed: Needed): string | null {
    const told = SYSTEM_KIND[system.kind];
    const { settings } = system;
    const now = told.desired(this.#facts(told, kind, group.now, this.#profiles.now, details, needed), settings);
    const later = told.desired(this.#facts(told, kind, group.later, this.#profiles.later, details, needed), settings);
    return told.verb(now, later);
  }

  #facts(
    told: SystemKind,
    kind: Kind,
    side: SideFacts,
    profiles: ReadonlyMap<string, ProfileBody>,
    details: Details | null,
    needed: Needed,
  ): TargetFacts {
    const { profiles: inForce, closedAtMs, ...rest } = side;
    const closedSince = closedAtMs === null ? this.#context.clock() : new Date(closedAtMs);
    return {
      kind,
      values: watched(kind, details?.values ?? {}, needed),
      get reference(): Json {
        if (needed.needsReference && details !== null) return told.reach === 'bound' ? details.reference : {};
        needed.needsReference = true;
        throw needed; // oxlint-disable-line no-throw-literal -- no failure: it never leaves the counter
      },
      ...rest,
      ...(side.closed ? { closedSince: closedSince.toISOString() } : {}),
      profiles: inForce.flatMap((profile) => profileFacts(told, profile, profiles.get(profile.name)) ?? []),
    };
  }
}

/** Fields of an entity that tell which of them are looked at. */
function watched(kind: Kind, values: Values, needed: Needed): Values {
  const look = (names: readonly string[]) => {
    const missing = names.filter((name) => Object.hasOwn(KIND_FIELDS[kind], name) && !needed.fields.has(name));
    if (missing.length === 0) return;
    for (const name of missing) needed.fields.add(name);
    throw needed; // oxlint-disable-line no-throw-literal -- no failure: it never leaves the counter
  };
  return new Proxy(values, {
    get: (of, name) => {
      if (typeof name === 'string') look([name]);
      return Reflect.get(of, name) as unknown;
    },
    has: (of, name) => {
      if (typeof name === 'string') look([name]);
      return Reflect.has(of, name);
    },
    ownKeys: (of) => {
      look(Object.keys(KIND_FIELDS[kind]));
      return Reflect.ownKeys(of);
    },
  });
}

function add(tally: Tally, verb: string | null, count: number): void {
  if (verb === null) tally.unchanged += count;
  else tally.told[verb] = (tally.told[verb] ?? 0) + count;
}

function profileFacts(
  told: SystemKind,
  { name, sinceMs }: ProfileInForce,
  body: ProfileBody | undefined,
): ProfileFacts | null {
  if (body === undefined) return null;
  return {
    name,
    denied: maskOf(body.denied),
    intercepted: maskOf(body.intercepted),
    sessions: body.sessions,
    refusalText: body.refusal.text,
    // It was judged when it was saved.
    settings: body.systems[told.name] ?? null,
    ...(sinceMs === undefined ? {} : { since: sinceMs }),
    ...(body.legalOverride === null ? {} : { hasLegalOverride: true }),
  };
}
