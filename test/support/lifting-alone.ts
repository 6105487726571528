/** The decisions of the code alone, on random trees in memory: who asks, what is seen, who lifts. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { ACTION_BIT } from '#core/action.ts';
import { BUILTIN_PROFILES } from '#core/profile.ts';
import { type Permission, matchPatterns } from '#core/permission.ts';
import { Problem } from '#core/problem.ts';
import { requireAbove, requireRight, sees } from '#operations/access.ts';
import { judgeActor } from '#operations/identity/judge-actor.ts';
import { refuseLowerAuthority } from '#operations/lift-hold.ts';
import { notFound } from '#operations/resolve.ts';
import { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import type { HoldRow } from '#store/hold.ts';

import {
  type Doing,
  type Level,
  type Matter,
  type ModelHold,
  type ModelLogin,
  type Node,
  PERMISSION,
  ROLE,
  accountOf,
  actorOf,
  holdsOn,
  isBeneath,
  isClosed,
  isStoppedByItself,
  judge,
  levelOf,
  tell,
  tellHold,
} from './lifting-model.ts';

const LEVELS: readonly Level[] = ['customer', 'reseller', 'platform'];
const MATTERS: readonly Matter[] = ['wish', 'technical', 'billing', 'general', 'fraud', 'legal'];
const DOINGS: readonly Doing[] = ['lift', 'lift', 'lift', 'place', 'close', 'move'];
const ATTEMPTS_PER_TREE = 100;

/** Judges so many attempts by code and model; how often each verdict was met. Throws at the first that differs. */
export async function judgeAlone(count: number, seed: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const [numbers] = fc.sample(fc.infiniteStream(fc.nat(0x7fff_ffff)), { seed, numRuns: 1 });
  assert.ok(numbers !== undefined);
  const below = (limit: number): number => Number(numbers.next().value) % limit;
  const pick = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)];
    assert.ok(found !== undefined);
    return found;
  };
  for (let done = 0; done < count;) {
    const nodes = makeTree(below, pick);
    const session = levelsIn(nodes);
    for (let each = 0; each < ATTEMPTS_PER_TREE && done < count; each++, done++) {
      const verdict = await attempt(nodes, session, below, pick);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
  }
  return counts;
}

type Below = (limit: number) => number;
type Pick = <T>(list: readonly T[]) => T;

function makeTree(below: Below, pick: Pick): Node[] {
  const nodes: Node[] = [make(0, 'account', null, null, false)];
  const accounts = () => nodes.filter(({ kind }) => kind === 'account');
  for (let count = 3 + below(8); count > 0; count--)
    nodes.push(make(nodes.length, 'account', pick(accounts()), null, below(2) === 0));
  for (let count = 1 + below(4); count > 0; count--) {
    const domain = make(nodes.length, 'sip_domain', pick(accounts()), null, false);
    nodes.push(domain);
    nodes.push(make(nodes.length, 'sip_account', domain, below(2) === 0 ? pick(accounts()) : null, false));
  }
  for (let count = below(10); count > 0; count--)
    pick(nodes).holds.push({
      id: String(count),
      profile: pick(['calls_barred', 'calls_barred', 'limited', 'suspended'] as const),
      level: pick(LEVELS),
      matter: pick(MATTERS),
      by: below(3) === 0 ? null : pick(accounts()),
      isOver: below(2) === 0,
    });
  if (below(6) === 0) pick(nodes).isClosed = true;
  return nodes;
}

function make(id: number, kind: Node['kind'], parent: Node | null, owner: Node | null, isReseller: boolean): Node {
  const uuid = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
  return { id, uuid, kind, parent, owner, isReseller, isClosed: false, isTrial: false, holds: [] };
}

/** A session that knows nothing but the levels of accounts, as the database answers them. */
function levelsIn(nodes: readonly Node[]): Session {
  const rows = nodes
    .filter(({ kind }) => kind === 'account')
    .map((account) => ({ id: account.id, level: levelOf(account), uuid: account.uuid }));
  return new Session({ query: () => Promise.resolve({ rows, rowCount: rows.length }) });
}

const lineOf = (node: Node | null): number[] => {
  const line: number[] = [];
  for (let at = node === null ? null : accountOf(node); at !== null; at = at.parent) line.unshift(at.id);
  return line;
};

async function attempt(nodes: readonly Node[], session: Session, below: Below, pick: Pick): Promise<string> {
  const accounts = nodes.filter(({ kind }) => kind === 'account');
  const login: ModelLogin = {
    id: 'x',
    account: pick(accounts),
    role: below(2) === 0 ? 'administrator' : pick(Object.keys(ROLE) as ModelLogin['role'][]), // Its own keys.
    scope: below(6) === 0 ? [pick(DOINGS), 'lift'] : null,
  };
  const actAs = below(4) === 0 ? pick(accounts) : null;
  const held = nodes.filter(({ holds }) => holds.length > 0);
  const doing = held.length === 0 ? 'place' : pick(DOINGS);
  const on = doing === 'lift' ? pick(held) : pick(nodes);
  const hold = doing === 'lift' ? pick(on.holds) : undefined;
  const to = doing === 'move' ? pick(nodes) : undefined;
  const asked = actorOf(login, actAs);
  const expected =
    typeof asked === 'string' ? asked : judge(asked, { doing, on, hold, ...(to === undefined ? {} : { to }) });
  const found = await decide(session, login, actAs, doing, on, hold, to).catch((error: unknown) => {
    if (error instanceof Problem) return error.code;
    throw error;
  });
  assert.equal(
    found,
    expected,
    `${login.role} of ${tell(login.account)}${actAs === null ? '' : ` as ${tell(actAs)}`}: ${doing} ${tell(on)}` +
      (hold === undefined ? '' : `, ${tellHold(hold)}`) +
      `${to === undefined ? '' : ` to ${tell(to)}`}\nwhere ${nodes.map(tell).join('; ')}`,
  );
  return found;
}

/** What the operations ask before they do anything, in their order. */
async function decide(
  session: Session,
  login: ModelLogin,
  actAs: Node | null,
  doing: Doing,
  on: Node,
  hold: ModelHold | undefined,
  to: Node | undefined,
): Promise<string> {
  const own = login.account;
  const isActing = actAs !== null && isBeneath(actAs, own);
  const acting = actAs === null ? own : isActing ? actAs : null;
  const masks = holdsOn(own).map(({ hold: { profile } }) =>
    (profile === 'calls_barred' ? ['call.out' as const] : (BUILTIN_PROFILES[profile]?.denied ?? [])).reduce(
      (mask, action) => mask | ACTION_BIT[action],
      0,
    ),
  );
  const actor = judgeActor(
    {
      name: 'x',
      version: 1,
      enabled: true,
      role: login.role,
      role_permissions: null,
      role_subject: null,
      credential_ok: true,
      expires_at: null,
      inactive_reseller: false,
      scopes: login.scope === null ? null : login.scope.map((each) => PERMISSION[each]),
      own_account: own.id,
      own_line: lineOf(own),
      denied: isClosed(own) ? 8191 : masks.reduce((mask, each) => mask | each, 0),
      closed: isClosed(own),
      held_by_itself: !isClosed(own) && isStoppedByItself(own),
      acts_as: acting?.id ?? null,
      level: acting === null ? null : levelOf(acting),
    },
    { login: 'x', version: 1, key: 'x', session: null, actAs: actAs?.id ?? null },
    { face: 'fuzz' },
  );
  const entity = stateOf(on);
  if (!sees(actor, entity)) throw notFound(on.id);
  requireRight(actor, entity, PERMISSION[doing] as Permission); // Each is one.
  assert.notEqual(matchPatterns([PERMISSION[doing]]), 0);
  if (hold !== undefined) await refuseLowerAuthority(session, actor, entity, rowOf(hold, on));
  if (to !== undefined) {
    if (!sees(actor, stateOf(to))) throw notFound(to.id);
    requireAbove(actor, entity, 'The place of an account');
    requireRight(actor, stateOf(to), 'entity:move');
  }
  return 'allowed';
}

const stateOf = (on: Node) =>
  ({
    id: on.id,
    uuid: on.uuid,
    kind: on.kind,
    label: tell(on),
    line: lineOf(on),
    owner_line: on.owner === null ? null : lineOf(on.owner),
  }) as EntityState; // All that a right is judged by.

const rowOf = (hold: ModelHold, on: Node) =>
  ({
    uuid: hold.id,
    entity_id: on.id,
    authority: hold.level,
    subject: hold.matter,
    placed_for: hold.by?.id ?? null,
    placed_by: 'x',
    placed_by_name: null,
  }) as HoldRow; // All that lifting is judged by.
