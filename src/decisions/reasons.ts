/**
 * Why an entity is held: every node that reaches it, and the holds and closures that sit there.
 *
 * For the answers that say "no" and for people who ask; the walk alone decides.
 */
import { ALL_BUT_EMERGENCY, type ActionMask } from '#core/action.ts';
import { outranks } from '#core/restrictions.ts';
import type { Cause, Reason, RefusalWords, Via } from './answer.ts';
import type { HoldInForce } from './hold-table.ts';
import type { Picture } from './picture.ts';
import { TARGETS_MAX } from './walk.ts';

/** A node that reaches the subject, and what its being closed would mean for it. */
export interface ReachingNode {
  readonly id: number;
  readonly via: Via;
  readonly closure: Exclude<Cause, 'hold'>;
}

/** A reason with the hold behind it, null for a closure. */
export interface Ground {
  readonly reason: Reason;
  readonly hold: HoldInForce | null;
}

/** Every node that reaches the subject; one that does so on several ways comes several times. */
export function* nodesReaching(picture: Picture, subject: number, onward: boolean): Generator<ReachingNode> {
  const { entities } = picture;
  const passed = new Set<number>();
  for (let entity = subject; entity >= 0 && !passed.has(entity) && passed.size <= TARGETS_MAX;) {
    passed.add(entity);
    const isSubject = entity === subject;
    for (let id = entity; id >= 0; id = entities.parentOf(id)) {
      const via = !isSubject ? 'target' : id === subject ? 'self' : 'parent';
      yield { id, via, closure: isSubject ? 'closed' : 'target_closed' };
    }
    for (let id = entities.ownerOf(entity); id >= 0; id = entities.parentOf(id))
      yield { id, via: isSubject ? 'owner' : 'target', closure: 'owner_closed' };
    entity = onward ? entities.targetOf(entity) : -1;
  }
}

/** The grounds that touch an action of the mask, each once, the one that words the refusal first. */
export function groundsOf(picture: Picture, subject: number, mask: ActionMask, onward: boolean): Ground[] {
  const grounds: Ground[] = [];
  const seen = new Set<number>();
  const closed = new Set<number>();
  for (const node of nodesReaching(picture, subject, onward)) {
    for (const ground of groundsOn(picture, node, mask)) {
      const [known, id] = ground.hold === null ? [closed, node.id] : [seen, ground.hold.id];
      if (known.has(id)) continue;
      known.add(id);
      grounds.push(ground);
    }
  }
  return grounds.sort(byWording);
}

/** What sits on one node itself. */
export function groundsOn(picture: Picture, node: ReachingNode, mask: ActionMask): Ground[] {
  const grounds: Ground[] = [];
  const closedAtMs = picture.entities.closedAtMsOf(node.id);
  const closure = node.closure === 'owner_closed' ? ALL_BUT_EMERGENCY : mask;
  if (closedAtMs !== null && (closure & mask) !== 0)
    grounds.push({ hold: null, reason: reasonOf(picture, node, node.closure, null, closedAtMs) });
  for (const hold of picture.holds.get(node.id)?.holds ?? []) {
    if (((hold.denied | hold.intercepted) & mask) === 0) continue;
    grounds.push({ hold, reason: reasonOf(picture, node, 'hold', hold, hold.row.sinceMs) });
  }
  return grounds;
}

/** How the refusal is worded: by the first of the sorted grounds. */
export function wordsOf(grounds: readonly Ground[]): RefusalWords | null {
  const [first] = grounds;
  if (first === undefined) return null;
  if (first.hold === null) return CLOSURE_WORDS[first.reason.cause];
  const { sipCode, httpCode, refusalText, announcement, name } = first.hold.profile;
  const words = { sip: sipCode, http: httpCode, text: refusalText, profile: name };
  return announcement === null ? words : { ...words, announcement };
}

const refuse = (text: string): RefusalWords => Object.freeze({ sip: 403, http: 403, text, profile: null });

const CLOSURE_WORDS: Readonly<Record<Cause, RefusalWords>> = {
  hold: refuse('Suspended'),
  closed: refuse('Account closed'),
  owner_closed: refuse('Owner closed'),
  target_closed: refuse('Target closed'),
};

/** A closed subject words before any hold, since lifting one would not help; other closures after all holds. */
const PRECEDENCE: Readonly<Record<Cause, number>> = { closed: 0, hold: 1, owner_closed: 2, target_closed: 3 };

function byWording(a: Ground, b: Ground): number {
  const order = PRECEDENCE[a.reason.cause] - PRECEDENCE[b.reason.cause];
  if (order !== 0 || a.hold === null || b.hold === null) return order;
  return outranks(a.hold, b.hold) ? -1 : 1;
}

function reasonOf(
  picture: Picture,
  node: ReachingNode,
  cause: Cause,
  hold: HoldInForce | null,
  sinceMs: number,
): Reason {
  const row = hold?.row ?? null;
  return {
    cause,
    via: node.via,
    inherited: node.via !== 'self',
    entity: picture.uuids.textOf(node.id),
    entityNumber: node.id,
    hold: row?.uuid ?? null,
    profile: row?.profile ?? null,
    authority: row?.authority ?? null,
    since: isoOf(sinceMs),
    until: row === null ? null : isoOf(row.endsAtMs),
    placedBy: row?.placedBy ?? null,
    note: row?.note ?? null,
  };
}

/** ISO 8601, or null for never and for times that no calendar has. */
export function isoOf(ms: number | null): string | null {
  return ms !== null && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
