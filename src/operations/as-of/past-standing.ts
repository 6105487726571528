/** How an entity stood at a revision: all that reached it then, merged by the law that holds now. */
import { ALL_ACTIONS, maskOf } from '#core/action.ts';
import { isAuthority, isSubject, rankOf } from '#core/authority.ts';
import type { ProfileBody } from '#core/profile.ts';
import type { PastHold } from '#core/replay.ts';
import { type HoldEffect, type Restrictions, mergeHolds, outranks } from '#core/restrictions.ts';
import type { Reason } from '#decisions/answer.ts';
import { listProfileFacts } from '#store/as-of.ts';
import type { Session } from '#store/database.ts';

import { archived } from './moment.ts';
import type { Past, PastNode } from './past.ts';

export type PastReason = Reason & { readonly label: string };

export interface PastStanding {
  readonly restrictions: Restrictions;
  /** The one that words the refusal first. */
  readonly reasons: readonly PastReason[];
}

/** One cause of the standing, with its rank; a closure has no effect of its own. */
interface Ground {
  readonly reason: PastReason;
  readonly effect: HoldEffect | null;
}

/** Throws `conflict` when a profile that counted then is only in the archive. */
export async function loadPastStanding(session: Session, past: Past, revision: number): Promise<PastStanding> {
  const inForce = [...past.nodes.values()].flatMap((node) => node.holds.filter((hold) => hold.sinceMs !== null));
  const profiles = await loadProfiles(session, [...new Set(inForce.map((hold) => hold.profile))], revision);
  const effects = inForce.map((hold) => effectOf(hold, profiles));
  const isClosed = (via: (link: string) => boolean) =>
    past.chain.some((link) => via(link.via) && past.nodes.get(link.entity_id)?.entity.closedAtMs !== null);
  const restrictions = mergeHolds({
    holds: effects,
    closed: isClosed((via) => via !== 'owner'),
    ownerClosed: isClosed((via) => via === 'owner'),
  });
  return { restrictions, reasons: reasonsOf(past, profiles) };
}

async function loadProfiles(
  session: Session,
  names: readonly string[],
  revision: number,
): Promise<Map<string, Pick<ProfileBody, 'denied' | 'intercepted' | 'severity'>>> {
  if (names.length === 0) return new Map();
  const rows = await listProfileFacts(session, names, revision);
  const profiles = new Map(
    rows.map(({ facts }) => [String(facts['name']), facts as unknown as ProfileBody]), // put-profile recorded its body.
  );
  if (names.some((name) => !profiles.has(name))) throw archived(revision);
  return profiles;
}

type Profiles = ReadonlyMap<string, Pick<ProfileBody, 'denied' | 'intercepted' | 'severity'>>;

function effectOf(hold: PastHold, profiles: Profiles): HoldEffect {
  const profile = profiles.get(hold.profile);
  return {
    id: hold.revision,
    denied: maskOf(profile?.denied ?? []),
    intercepted: maskOf(profile?.intercepted ?? []),
    severity: profile?.severity ?? 0,
    authority: isAuthority(hold.authority) && isSubject(hold.subject) ? rankOf(hold.authority, hold.subject) : 0,
    placedAtMs: hold.placedAtMs,
  };
}

/** Every reason once, in the order in which the engine gives them. */
function reasonsOf(past: Past, profiles: Profiles): PastReason[] {
  const grounds: Ground[] = [];
  const seen = new Set<string>();
  const closed = new Set<number>();
  for (const link of past.chain) {
    const node = past.nodes.get(link.entity_id);
    if (node === undefined) continue;
    const cause = link.via === 'owner' ? 'owner_closed' : 'closed';
    if (node.entity.closedAtMs !== null && !closed.has(node.id)) {
      closed.add(node.id);
      grounds.push({ effect: null, reason: reasonOf(node, link.via, cause, null, node.entity.closedAtMs) });
    }
    for (const hold of node.holds) {
      if (hold.sinceMs === null || seen.has(hold.uuid)) continue;
      const effect = effectOf(hold, profiles);
      if (((effect.denied | effect.intercepted) & ALL_ACTIONS) === 0) continue;
      seen.add(hold.uuid);
      grounds.push({ effect, reason: reasonOf(node, link.via, 'hold', hold, hold.sinceMs) });
    }
  }
  return grounds.sort(byWording).map((ground) => ground.reason);
}

const PRECEDENCE = { closed: 0, hold: 1, owner_closed: 2, target_closed: 3 } as const;

function byWording(a: Ground, b: Ground): number {
  const order = PRECEDENCE[a.reason.cause] - PRECEDENCE[b.reason.cause];
  if (order !== 0 || a.effect === null || b.effect === null) return order;
  return outranks(a.effect, b.effect) ? -1 : 1;
}

function reasonOf(
  node: PastNode,
  via: PastReason['via'],
  cause: PastReason['cause'],
  hold: PastHold | null,
  sinceMs: number,
): PastReason {
  return {
    cause,
    via,
    inherited: via !== 'self',
    entity: node.uuid,
    entityNumber: node.id,
    label: node.label,
    hold: hold?.uuid ?? null,
    profile: hold?.profile ?? null,
    authority: hold?.authority ?? null,
    since: new Date(sinceMs).toISOString(),
    until: hold?.endsAt ?? null,
    placedBy: hold?.placedBy ?? null,
    note: hold?.note ?? null,
  };
}
