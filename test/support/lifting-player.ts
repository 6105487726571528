/** Random stories of callers who place, lift, move, transfer, close, change and create, played on the real operations. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { Problem, problem } from '#core/problem.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { authorOf } from '#operations/context.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import { judgeActor } from '#operations/identity/judge-actor.ts';
import { liftWithin } from '#operations/lift-hold.ts';
import { moveWithin } from '#operations/move-entity.ts';
import type { Work } from '#operations/perform.ts';
import { placeWithin } from '#operations/place-hold.ts';
import { transferWithin } from '#operations/transfer-entity.ts';
import { updateWithin } from '#operations/update-entity.ts';
import { findActor } from '#store/actor.ts';
import { insertKey } from '#store/api-key.ts';
import { insertLogin } from '#store/login.ts';
import { transact } from '#store/transaction.ts';

import { ADMIN, type Installation } from './installation.ts';
import {
  type Attempt,
  type ModelActor,
  type ModelLogin,
  type Node,
  PERMISSION,
  type Verdict,
  accountOf,
  actorOf,
  isBeneath,
  judge,
  tell,
  tellHold,
} from './lifting-model.ts';
import type { Step, TreeSketch } from './lifting-stories.ts';

export interface Tally {
  attempts: number;
  readonly outcomes: Map<string, number>;
}

const at = <T>(list: readonly T[], number: number): T => {
  const found = list[number % list.length];
  assert.ok(found !== undefined);
  return found;
};

interface World {
  readonly work: Work;
  readonly nodes: Node[];
  readonly logins: readonly { readonly model: ModelLogin; readonly key: string; readonly version: number }[];
  readonly story: string[];
}

/** Plays a story in one transaction, which leaves nothing behind. Throws when code and model disagree. */
export async function play(
  here: Installation,
  sketch: TreeSketch,
  story: readonly Step[],
  tally: Tally,
): Promise<void> {
  const { context } = here;
  const over = problem('conflict', 'the story is over');
  await transact(context.pool, context.chainKey, 'exclusive', authorOf(ADMIN), async (transaction) => {
    const world = await makeWorld({ transaction, context, actor: ADMIN }, sketch);
    for (const step of story) {
      await attempt(world, step, tally);
      tally.attempts++;
    }
    throw over;
  }).catch((error: unknown) => {
    if (error !== over) throw error;
  });
}

async function makeWorld(work: Work, sketch: TreeSketch): Promise<World> {
  const platform: Node = node(0, '0', 'account', null, null, false);
  const world: World = { work, nodes: [platform], logins: [], story: [] };
  const { nodes } = world;
  const accounts = () => nodes.filter(({ kind }) => kind === 'account');
  for (const { parent, isReseller } of sketch.accounts) await create(world, at(accounts(), parent), isReseller);
  for (const { parent } of sketch.domains) await create(world, at(accounts(), parent));
  const domains = nodes.filter(({ kind }) => kind === 'sip_domain');
  if (domains.length > 0)
    for (const { parent, owner } of sketch.sipAccounts)
      await create(world, at(domains, parent), false, owner === null ? null : at(accounts(), owner));
  const logins = [];
  for (const { account, role, scope } of sketch.logins) {
    const model = { account: at(accounts(), account), role, scope };
    const made = await insertLogin(work.transaction, {
      account_id: model.account.id,
      name: `${randomBytes(8).toString('hex')}@fuzz.example`,
      role,
      password_hash: null,
      enabled: true,
    });
    assert.ok(made !== null);
    const key = await insertKey(work.transaction, {
      loginId: made.id,
      digest: randomBytes(32),
      name: 'fuzz',
      scopes: scope === null ? null : scope.map((doing) => PERMISSION[doing]),
      expiresAt: null,
    });
    logins.push({ model: { ...model, id: made.id }, key: key.id, version: 1 });
  }
  return { ...world, logins };
}

function node(
  id: number,
  uuid: string,
  kind: Node['kind'],
  parent: Node | null,
  owner: Node | null,
  isReseller: boolean,
) {
  return { id, uuid, kind, parent, owner, isReseller, isClosed: false, isTrial: false, holds: [] };
}

let names = 0;

/** Creates beneath a parent whatever it can contain, and tells the model. Gives the refusal, or null. */
async function create(
  { work, nodes }: World,
  parent: Node,
  isReseller?: boolean,
  owner: Node | null = null,
  actor = ADMIN,
): Promise<Problem | null> {
  names += 1;
  const kind = parent.kind === 'account' ? (isReseller === undefined ? 'sip_domain' : 'account') : 'sip_account';
  const inputs = {
    account: { name: `n${names}`, reseller: isReseller ?? false },
    sip_domain: { domain: `d${names}.fuzz.example` },
    sip_account: { username: `u${names}`, ...(owner === null ? {} : { owner: owner.id }) },
  };
  const [made] = await createBatch({ ...work, actor }, [{ kind, parent: parent.id, ...inputs[kind] }]);
  if (made === undefined || made instanceof Problem) return made ?? null;
  const kept = owner === accountOf(parent) ? null : owner;
  nodes.push(node(made.id, made.uuid, kind, parent, kept, isReseller ?? false));
  return null;
}

async function attempt(world: World, step: Step, tally: Tally): Promise<void> {
  const { work, nodes, story } = world;
  const { transaction } = work;
  const login = at(world.logins, step.login);
  const actAs = step.actAs === null ? null : at(nodes, step.actAs);
  const asked = actorOf(login.model, actAs);
  const on = targetOf(nodes, step, actAs ?? login.model.account);
  const wanted = attemptOf(world, step, on);
  const expected = typeof asked === 'string' ? asked : judge(asked, wanted);
  const before = transaction.changes.length;
  const outcome = await transaction
    .attempt(async () => {
      const credential = {
        login: login.model.id,
        version: login.version,
        key: login.key,
        session: null,
        actAs: actAs === null ? null : actAs.id,
      };
      const actor = judgeActor(await findActor(transaction, credential), credential, { face: 'fuzz' });
      if (typeof asked !== 'string')
        assert.deepEqual([actor.accountId, actor.authority], [asked.account.id, asked.level], 'who it is');
      return carryOut(world, { ...work, actor }, step, wanted, asked);
    })
    .then(() => 'ok')
    .catch((error: unknown) => {
      if (error instanceof Problem) return error.code;
      throw error;
    });
  const verdict: Verdict = outcome === 'forbidden' || outcome === 'not_found' ? outcome : 'allowed';
  story.push(
    `${login.model.role} of ${tell(login.model.account)}` +
      (login.model.scope === null ? '' : ` by a key for ${login.model.scope.join(', ')}`) +
      (actAs === null ? '' : ` as ${tell(actAs)}`) +
      `: ${step.doing} ${tell(on)}` +
      (wanted.to === undefined ? '' : ` to ${wanted.to === null ? 'nobody' : tell(wanted.to)}`) +
      (wanted.hold === undefined ? '' : `, ${tellHold(wanted.hold)}`) +
      ` → ${outcome}`,
  );
  tally.outcomes.set(`${step.doing} ${outcome}`, (tally.outcomes.get(`${step.doing} ${outcome}`) ?? 0) + 1);
  if (verdict !== expected) throw new Error(`expected ${expected}, found ${outcome}\n  ${story.join('\n  ')}`);
  for (const change of transaction.changes.slice(before)) {
    const changed = nodes.find(({ id }) => id === change.entityId);
    if (typeof asked === 'string' || changed === undefined || !isBeneath(changed, asked.account))
      throw new Error(`a change of ${change.entityId} lies outside\n  ${story.join('\n  ')}`);
  }
}

/** Mostly what lies beneath the caller, so that much is done; to lift, mostly what is held. */
function targetOf(nodes: readonly Node[], { doing, on }: Step, caller: Node): Node {
  const beneath = on % 4 === 0 ? nodes : nodes.filter((each) => isBeneath(each, caller));
  const held = doing === 'lift' && on % 8 > 0 ? beneath.filter(({ holds }) => holds.some((hold) => !hold.isOver)) : [];
  return at(held.length > 0 ? held : beneath, Math.trunc(on / 8));
}

function attemptOf({ nodes }: World, step: Step, on: Node): Attempt {
  const { doing } = step;
  const to = step.to === null ? null : at(nodes, step.to);
  switch (doing) {
    case 'lift':
      return { doing, on, hold: on.holds.length === 0 ? undefined : at(on.holds.toReversed(), step.to ?? 0) };
    case 'move':
      return { doing, on, to: to ?? at(nodes, step.on + 1) };
    case 'transfer':
      return { doing, on, to };
    case 'update':
      return { doing, on, isForAbove: on.kind === 'account' && step.flag && !on.isTrial };
    case 'create':
      return { doing, on, isReseller: on.kind === 'account' && step.flag };
    default:
      return { doing, on };
  }
}

/** Does it, and tells the model what became of it. */
async function carryOut(
  world: World,
  work: Work,
  step: Step,
  wanted: Attempt,
  asked: ModelActor | Verdict,
): Promise<void> {
  const { on, to, hold } = wanted;
  switch (step.doing) {
    case 'place': {
      const { profile } = step;
      const input = { profile, authority: step.level, subject: step.matter };
      const placed = await placeWithin(work, on.id, input, 'planned');
      if (!placed.isNew || typeof asked === 'string') return;
      const level = step.level ?? asked.level;
      const isOwn = level === 'customer' && on === asked.account;
      const usual = asked.matters.includes('general') ? 'general' : asked.matters.at(-1);
      const matter = step.matter ?? (isOwn ? 'wish' : (usual ?? 'wish'));
      assert.deepEqual([placed.hold.authority, placed.hold.subject], [level, matter], 'what was placed');
      const by = level === asked.level ? asked.account : null;
      on.holds.push({ id: placed.hold.id, profile, level, matter, by, isOver: false });
      return;
    }
    case 'lift':
      // Nothing to lift: the right is judged before the hold is looked for.
      await liftWithin(work, on.id, hold?.id ?? '00000000-0000-4000-8000-000000000000').catch((error: unknown) => {
        if (hold === undefined && error instanceof Problem && error.code === 'not_found' && typeof asked !== 'string') {
          if (asked.may.includes('lift') && isBeneath(on, asked.account))
            throw problem('forbidden', 'as the model says');
        }
        throw error;
      });
      if (hold !== undefined) hold.isOver = true;
      return;
    case 'move':
      await moveWithin(work, on.id, to?.id);
      on.parent = to ?? null;
      if (on.owner !== null && on.owner === accountOf(on)) on.owner = null;
      return;
    case 'transfer':
      await transferWithin(work, on.id, to === null ? null : to?.id);
      on.owner = to == null || to === accountOf(on) ? null : to;
      return;
    case 'close':
      await closeWithin(work, on.id, 'planned');
      on.isClosed = true;
      return;
    case 'update': {
      const isAccount = on.kind === 'account';
      await updateWithin(work, on.id, isAccount ? (step.flag ? { accountType: 'Trial' } : { city: 'Delft' }) : {});
      if (isAccount && step.flag) on.isTrial = true;
      return;
    }
    case 'create': {
      const isReseller = on.kind === 'account' ? step.flag : undefined;
      const refusal = await create(world, on, isReseller, null, work.actor);
      if (refusal !== null) throw refusal;
    }
  }
}
