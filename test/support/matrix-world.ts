/**
 * Many small trees of the same form, each with an actor's account in one place and in one standing, and a login with
 * a key for every role.
 */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';

import type { FastifyInstance } from 'fastify';

import { digestOf } from '#operations/identity/presented.ts';

import type { Cleanup } from './database.ts';
import { type Installation, makeApp, testInstallation } from './installation.ts';
import {
  type Caller,
  DESK,
  HOLDS,
  PLACES,
  type Place,
  STANDINGS,
  type StandingName,
  type Tree,
  rolesIn,
} from './matrix-cast.ts';
import { addMatrixWebhook } from './matrix-event-routes.ts';
import { insertCarrier } from './number-world.ts';
import { type Ask, administrator, asking, made } from './people.ts';
import { sampleSystem } from './system-samples.ts';

export interface MatrixWorld {
  readonly here: Installation;
  /** Guards everything: what would hold or close even one entity is refused for want of a plan. */
  readonly app: FastifyInstance;
  readonly admin: Ask;
  readonly callers: readonly Caller[];
}

const id = (name: string): string => {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

interface Sketch {
  readonly name: string;
  readonly place: Place | null;
  readonly standing: StandingName;
}

/** One tree for all who are active; for every other standing one for each place, since what holds an account holds all beneath. */
function sketches(): Sketch[] {
  const all: Sketch[] = [{ name: 't', place: null, standing: 'active' }];
  for (const standing of STANDINGS.slice(1))
    for (const place of PLACES.slice(1)) all.push({ name: `t${all.length}`, place, standing });
  return all;
}

const OF_TREE: readonly (readonly [Place | 'outer', Place | 'outer' | null, boolean])[] = [
  ['outer', null, true],
  ['grandparent', 'outer', true],
  ['parent', 'grandparent', false],
  ['self', 'parent', false],
  ['child', 'self', false],
  ['grandchild', 'child', false],
  ['sibling', 'parent', false],
  ['stranger', 'outer', true],
  ['owner', 'grandparent', false],
];

export async function makeMatrixWorld(t: Cleanup): Promise<MatrixWorld> {
  const here = await testInstallation(t);
  const admin = administrator(here.app);
  const app = await makeApp({ ...here.context, settings: { ...here.context.settings, guardLimit: 0 } });
  t.after(() => app.close());
  await made(admin('PUT', '/v1/entities/0/roles/desk', DESK));
  await made(admin('PUT', '/v1/profiles/once_used', { description: 'Stays for the record.' }));
  await insertCarrier(here, 'http://127.0.0.1:9');
  const plan = sketches();
  await bulk(admin, plan.flatMap(creations));
  await made(admin('POST', '/v1/systems', { name: 'matrix-aps', ...sampleSystem('aps') }));
  const trees = await Promise.all(plan.map((sketch) => makeTree(here, admin, sketch)));
  for (const tree of trees) await addMatrixWebhook(here, tree);
  const callers: Caller[] = [];
  for (const [index, sketch] of plan.entries()) {
    const tree = trees[index];
    assert.ok(tree !== undefined);
    for (const place of sketch.place === null ? PLACES : [sketch.place])
      callers.push(...(await makeCallers(here, app, tree, place, sketch.standing)));
  }
  for (const [index, { place, standing }] of plan.entries()) {
    const tree = trees[index];
    if (place !== null && tree !== undefined)
      await stand(
        here,
        admin,
        tree,
        place,
        standing,
        callers.filter((caller) => caller.tree === tree),
      );
  }
  await here.follow();
  return { here, app, admin, callers };
}

async function bulk(admin: Ask, items: readonly object[]): Promise<{ id: string }[]> {
  const { body } = await admin('POST', '/v1/bulk', { items });
  assert.equal(body.failed, 0, JSON.stringify(body.items?.find((item: { status: number }) => item.status >= 300)));
  return body.items.map((item: { body: { id: string } }) => item.body);
}

function creations({ name }: Sketch): object[] {
  const of = (place: string) => id(`${name} ${place}`);
  const domain = `${name}.example`;
  // Two hundred are as many as there can be: one more is refused, but only to whoever may write it.
  const properties = Array.from({ length: 200 }, (_, index) => ({ name: `p${index}`, value: '1' }));
  return [
    ...OF_TREE.map(([place, parent, reseller]) => ({
      op: 'create',
      body: {
        kind: 'account',
        id: of(place),
        name: `${name} ${place}`,
        ...(parent === null ? {} : { parent: of(parent) }),
        reseller,
        ...(place === 'self' ? { reference: `ref-${name}`, properties } : {}),
      },
    })),
    { op: 'create', body: { kind: 'sip_domain', id: of('domain'), domain, parent: of('self') } },
    {
      op: 'create',
      body: { kind: 'sip_account', id: of('leaf'), username: 'leaf', parent: of('domain'), owner: of('owner') },
    },
  ];
}

async function makeTree(here: Installation, admin: Ask, { name }: Sketch): Promise<Tree> {
  const of = (place: string) => id(`${name} ${place}`);
  const target = of('self');
  const placed = await bulk(
    admin,
    Object.entries(HOLDS).map(([externalRef, more]) => ({
      op: 'hold',
      entity: target,
      body: { profile: 'once_used', source: 'matrix', externalRef, ...more },
    })),
  );
  await bulk(
    admin,
    placed.map((hold) => ({ op: 'lift', entity: target, hold: hold.id })),
  );
  const plans: string[] = [];
  for (const entity of [target, of('leaf')]) {
    const { token } = await made(
      admin('POST', `/v1/entities/${entity}/plan`, { action: 'hold', profile: 'once_used', endsAt: '2199-01-01' }),
    );
    plans.push(token);
  }
  const hooked = {
    name: `hook-${name}`,
    kind: 'webhook',
    settings: { url: 'https://hooks.example/' },
    account: target,
  };
  const hook = (await made(admin('POST', '/v1/systems', hooked))).id;
  await here.pool.query(
    `insert into target (system_id, entity_id, account_id, generation_desired, generation_applied)
      select s.id, e.id, account_of(e.id), 1, 1 from system s, entity e where s.name = 'matrix-aps' and e.uuid = any ($1)`,
    [[target, of('leaf')]],
  );
  const { items } = await made(admin('GET', `/v1/changes?entity=${target}&limit=1`));
  await here.pool.query('update plan set applied_at = now() where token = any ($1)', [plans]);
  const [login, key, session] = [randomUUID(), randomUUID(), randomUUID()];
  await addLogin(here, { id: login, account: target, role: 'auditor', key, token: login, session, isAccount: true });
  const { outer, ...rest } = Object.fromEntries(OF_TREE.map(([place]) => [place, of(place)]));
  const platform = (await made(admin('GET', '/v1/entities/0'))).id;
  return {
    // Every place was made above.
    accounts: { ...rest, outer, platform } as Tree['accounts'],
    domain: of('domain'),
    leaf: of('leaf'),
    leafName: `sip:leaf@${name}.example`,
    domainName: `${name}.example`,
    holds: Object.fromEntries(Object.keys(HOLDS).map((hold, index) => [hold, placed[index]?.id])) as Tree['holds'], // One each.
    login,
    key,
    session,
    plans: { target: plans[0] ?? '', leaf: plans[1] ?? '' },
    hook,
    revision: String(items[0].revision),
  };
}

interface NewLogin {
  readonly id: string;
  readonly account: string;
  readonly role: string;
  readonly key: string;
  readonly token: string;
  readonly session: string;
  /** Whether it is the account's own. */
  readonly isAccount?: true;
}

/** A login without a password, with a key and a session; by rows, since there are hundreds. */
async function addLogin(
  here: Installation,
  { id: login, account, role, key, token, session, isAccount }: NewLogin,
): Promise<void> {
  await here.pool.query(
    `with made as (
        insert into login (id, account_id, name, role, is_account)
          select $1::uuid, e.id, $1::text || '@matrix.example', $3, $8 from entity e where e.uuid = $2
        returning id
      ), keyed as (
        insert into api_key (id, login_id, name, digest) select $4, id, 'matrix', $5 from made
      )
      insert into session (id, login_id, digest, expires_at) select $6, id, $7, now() + interval '1 hour' from made`,
    [login, account, role, key, digestOf(token), session, digestOf(session), isAccount === true],
  );
}

async function makeCallers(
  here: Installation,
  app: FastifyInstance,
  tree: Tree,
  place: Place,
  standing: StandingName,
): Promise<Caller[]> {
  const callers: Caller[] = [];
  const account = tree.accounts[place];
  for (const role of rolesIn(standing)) {
    const [login, ownKey, ownSession, otherLogin, otherKey] = Array.from({ length: 5 }, () => randomUUID());
    assert.ok(login && ownKey && ownSession && otherLogin && otherKey);
    const token = `aby_${randomUUID()}`;
    await addLogin(here, { id: login, account, role, key: randomUUID(), token, session: ownSession });
    await addLogin(here, {
      id: otherLogin,
      account: tree.accounts.self,
      role: 'auditor',
      key: otherKey,
      token: otherKey,
      session: randomUUID(),
    });
    await here.pool.query(
      `with made as (insert into api_key (id, login_id, name, digest) values ($1::uuid, $2::uuid, 'own', $3))
        insert into role (account_id, name, permissions, subject) select id, $4, '{*:read}', 'wish' from entity where uuid = $5`,
      [ownKey, login, digestOf(ownKey), `r${otherLogin}`, tree.accounts.self],
    );
    callers.push({
      tree,
      place,
      standing,
      role,
      account,
      login,
      ownKey,
      ownSession,
      ownHold: tree.holds.wish,
      ask: asking(app, `Bearer ${token}`),
      spare: { login: otherLogin, key: otherKey, role: `r${otherLogin}` },
    });
  }
  return callers;
}

/** Puts the account of a place into its standing. */
async function stand(
  here: Installation,
  admin: Ask,
  tree: Tree,
  place: Place,
  standing: StandingName,
  callers: readonly Caller[],
): Promise<void> {
  const account = tree.accounts[place];
  switch (standing) {
    case 'limited':
      await made(admin('POST', `/v1/entities/${account}/holds`, { profile: 'limited' }));
      break;
    case 'suspended':
      await made(admin('POST', `/v1/entities/${account}/holds`, { profile: 'suspended' }));
      break;
    case 'suspended above':
      await made(admin('POST', `/v1/entities/${tree.accounts.outer}/holds`, { profile: 'suspended' }));
      break;
    case 'closed':
      await made(admin('POST', `/v1/entities/${account}/close`));
      break;
    case 'held by itself': {
      const boss = callers.find((caller) => caller.role === 'administrator');
      assert.ok(boss !== undefined);
      const hold = await made(
        admin('POST', `/v1/entities/${account}/holds`, { profile: 'suspended' }, { 'abeyance-act-as': account }),
      );
      for (const caller of callers) Object.assign(caller, { ownHold: hold.id });
      break;
    }
    case 'active':
  }
  await here.follow();
}
