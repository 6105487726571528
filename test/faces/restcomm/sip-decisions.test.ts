/**
 * What SIP servers are told of accounts that do not operate, and of all beneath: by the decision API and by the views in
 * the database. Clients belong to accounts by ownership, in a domain that lies elsewhere.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { ACTION_BIT } from '#core/action.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { JUDGED, LINE, type Line, type LineName, ORGANIZATION, lineOf, makeLineWorld } from '#test/line-world.ts';
import { administrator } from '#test/people.ts';

const here = await testInstallation({ after });
const world = await makeLineWorld(here.context);
await here.follow();
const admin = administrator(here.app);
const STOPPING = ['suspended', 'inactive', 'uninitialized', 'fraud'] as const;

/** Every refusal as `client of a: register`, by the decision API, with its words. */
async function refusedByApi(): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const name of LINE)
    for (const [thing, action] of JUDGED) {
      const { aor, e164 } = world.lines[name];
      const subject = encodeURIComponent(thing === 'client' ? `sip:${aor}` : `tel:${e164}`);
      const { status, body, text } = await admin('GET', `/v1/decisions?subject=${subject}&action=${action}`);
      assert.equal(status, 200, text);
      if (body['effect'] !== 'allow') refused.set(`${thing} of ${name}: ${action}`, String(body['refusal'].text));
    }
  return refused;
}

const SQL = {
  register: `select effect, code, reason from enforce.kamailio_registration($1)`,
  out: `select effect, code, reason from enforce.kamailio_caller('192.0.2.1', $1, $2, $3)`,
  in: `select effect, code, reason from enforce.kamailio_destination($1, $2, 1, $3, '/0/')`,
};
interface Verdict {
  readonly effect: string;
  readonly code: number;
  readonly reason: string;
}

/** The same by what Kamailio asks the database. */
async function refusedBySql(): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const name of LINE)
    for (const [thing, action] of JUDGED) {
      const verdict = await askSql(world.lines[name], thing, action);
      if (verdict.effect === 'allow') continue;
      assert.deepEqual([verdict.effect, verdict.code], ['deny', 403]);
      refused.set(`${thing} of ${name}: ${action}`, verdict.reason);
    }
  return refused;
}

async function askSql(line: Line, thing: 'client' | 'number', action: (typeof JUDGED)[number][1]): Promise<Verdict> {
  const bit = ACTION_BIT[action];
  const ask = (text: string, values: unknown[]) => here.pool.query<Verdict>(text, values);
  const { rows } =
    action === 'register'
      ? await ask(SQL.register, [line.aor])
      : action.endsWith('.out')
        ? await ask(SQL.out, [line.name, ORGANIZATION, bit])
        : await ask(SQL.in, [thing === 'client' ? line.name : line.e164, ORGANIZATION, bit]);
  const [row] = rows;
  assert.ok(row !== undefined, `${thing} of ${line.name}: ${action}`);
  return row;
}

/** What is to be refused when these accounts are stopped: all of each account whose line has one of them, and no more. */
function expected(stopped: readonly LineName[]): string[] {
  return LINE.filter((name) => lineOf(name).some((above) => stopped.includes(above))).flatMap((name) =>
    JUDGED.map(([thing, action]) => `${thing} of ${name}: ${action}`),
  );
}

async function assertStopped(stopped: readonly LineName[], why: string): Promise<void> {
  await here.follow();
  const [api, sql] = [await refusedByApi(), await refusedBySql()];
  assert.deepEqual([...api.keys()], expected(stopped), `${why}: decisions`);
  assert.deepEqual([...sql.keys()], expected(stopped), `${why}: views`);
}

test('a hold on any account refuses its clients and numbers, those of all beneath, and nobody else', async () => {
  await assertStopped([], 'at first');
  for (const [place, name] of LINE.entries()) {
    const profile = STOPPING[place % STOPPING.length] ?? 'suspended';
    const { account } = world.lines[name];
    const { value } = await placeHold(here.context, ADMIN, account.id, { profile });
    await assertStopped([name], `${name} ${profile}`);
    await liftHold(here.context, ADMIN, account.id, value.hold.id);
    await assertStopped([], `${name} lifted`);
  }
});

test('lifting brings back exactly those that nothing else holds', async () => {
  const holdOn = async (name: LineName) => {
    const { account } = world.lines[name];
    const { value } = await placeHold(here.context, ADMIN, account.id, { profile: 'suspended', externalRef: name });
    return () => liftHold(here.context, ADMIN, account.id, value.hold.id);
  };
  const liftC = await holdOn('c');
  const liftM = await holdOn('m');
  await assertStopped(['m'], 'both');
  await liftM();
  await assertStopped(['c'], 'the lower one is left');
  const liftA = await holdOn('a');
  await liftC();
  await assertStopped(['a'], 'the lower one was lifted beneath a hold');
  await liftA();
  await assertStopped([], 'none is left');
});

test('a number is refused by its own account and by that of the client which it rings', async () => {
  const { account, client } = world.lines.other;
  const make = await admin('POST', '/v1/resources', {
    kind: 'phone_number',
    parent: world.lines.s.account.id,
    e164: '+31209005199',
    target: client,
  });
  assert.equal(make.status, 201, make.text);
  for (const held of [account, world.lines.s.account]) {
    const { value } = await placeHold(here.context, ADMIN, held.id, { profile: 'suspended' });
    await here.follow();
    const { body } = await admin('GET', '/v1/decisions?subject=tel:%2B31209005199&action=call.in');
    const [row] = (await here.pool.query<Verdict>(SQL.in, ['+31209005199', ORGANIZATION, ACTION_BIT['call.in']])).rows;
    assert.deepEqual([body['effect'], row?.effect, row?.code], ['deny', 'deny', 403]);
    await liftHold(here.context, ADMIN, held.id, value.hold.id);
  }
  await here.follow();
});

test('the words of a refusal are those of the profile, such as those that Restcomm had', async () => {
  const words = 'Account is not ACTIVE';
  const { body } = await admin('GET', '/v1/profiles/suspended');
  const changed = { ...body, refusal: { ...body['refusal'], text: words } };
  assert.equal((await admin('PUT', '/v1/profiles/suspended', changed)).status, 200);
  const { account } = world.lines.b;
  const { value } = await placeHold(here.context, ADMIN, account.id, { profile: 'suspended' });
  await here.follow();
  for (const refused of [await refusedByApi(), await refusedBySql()])
    assert.deepEqual(
      [...refused.values()],
      expected(['b']).map(() => words),
    );
  await liftHold(here.context, ADMIN, account.id, value.hold.id);
  await assertStopped([], 'lifted');
});

test('closing is for ever, for clients in a domain that stays open, too, and no status above brings them back', async () => {
  await closeEntity(here.context, ADMIN, world.lines.c.account.id);
  await assertStopped(['c'], 'closed');
  const { value } = await placeHold(here.context, ADMIN, world.lines.a.account.id, { profile: 'suspended' });
  await assertStopped(['a'], 'held above');
  await liftHold(here.context, ADMIN, world.lines.a.account.id, value.hold.id);
  await assertStopped(['c'], 'lifted above');
  await closeEntity(here.context, ADMIN, world.lines.m.account.id);
  await assertStopped(['m'], 'closed at the top');
});
