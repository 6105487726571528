/** Creations through the face that race with the suspension or closing of an account above: nothing is left that operates. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { type FaceAccount, addNamedChild, growTree, setStatus } from '#test/face-tree.ts';
import { testInstallation } from '#test/installation.ts';
import { type Answer, basic } from '#test/people.ts';
import { type Form, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const tree = await growTree(here, { r: null });
const { root } = tree;
const r = tree.accounts.get('r') as FaceAccount; // Just grown.
/** Each of the places in which the one that stops can begin; more by ROUNDS. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
/** What is made in each round by the account two levels beneath the one that is stopped. */
const CREATIONS: readonly ((sid: string, place: number) => readonly [base: string, path: string, form: Form])[] = [
  (_sid, place) => [TWILIO_BASE, '/Accounts.json', { FriendlyName: `Race ${place}` }],
  (_sid, place) => [
    RESTCOMM_BASE,
    '/Accounts',
    { EmailAddress: `race-${place}@tree.example`, Password: 'Strong-Pass-1234!' },
  ],
  (sid, place) => [
    RESTCOMM_BASE,
    `/Accounts/${sid}/Clients`,
    { Login: `client-${place}`, Password: 'Strong-Client-12!' },
  ],
  (sid, place) => [RESTCOMM_BASE, `/Accounts/${sid}/IncomingPhoneNumbers`, { PhoneNumber: `9${place}`, isSIP: 'true' }],
  (sid, place) => [RESTCOMM_BASE, `/Accounts/${sid}/Applications`, { FriendlyName: `Race ${place}` }],
  (sid, place) => [TWILIO_BASE, `/Accounts/${sid}/Applications.json`, { FriendlyName: `Race ${place}` }],
];

interface Standing {
  readonly id: number;
  readonly label: string;
  readonly denied: number;
  readonly closed: boolean;
}

/** Everything at or beneath an account, or owned there, as the database judges it. */
async function everythingOf(top: FaceAccount): Promise<Standing[]> {
  const { rows } = await here.pool.query<Standing>(
    `with line as (select a.id from entity a, entity t where t.uuid = $1 and t.id = any (a.ancestors))
      select e.id, e.label, s.denied, s.closed from entity e cross join lateral restrictions(e.id) s
      where e.id in (table line) or e.parent_id in (table line) or e.owner_id in (table line) order by e.id`,
    [top.id],
  );
  return rows;
}

/** All creations at once, and the one that stops when the first of them is answered; in the order given. */
function stopAfterOne(
  asks: readonly (() => Promise<Answer>)[],
  stop: () => Promise<Answer>,
  order: readonly (() => Promise<Answer>)[],
): Promise<Answer>[] {
  const asked = new Map(asks.map((ask) => [ask, ask()]));
  const stopped = Promise.race(asked.values()).then(stop);
  return order.map((ask) => asked.get(ask) ?? stopped);
}

const REGISTER = 1;
let place = 0;

for (const status of ['suspended', 'closed'] as const)
  test(`nothing operates that was made while an account above became ${status}`, async () => {
    const outcomes = { made: 0, refused: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const top = await addNamedChild(here, r, 'top');
      const middle = await addNamedChild(here, top, 'middle');
      const maker = await addNamedChild(here, middle, 'maker');
      const stop = () => (round % 2 === 0 ? root : r).rest('POST', `/Accounts/${top.sid}`, { Status: status });
      const asks = CREATIONS.map((creation) => () => {
        const [base, path, form] = creation(maker.sid, (place += 1));
        return restWith(here.app, base, basic(maker.sid, maker.token))('POST', path, form);
      });
      // The one that stops begins at another place each round.
      const order: (() => Promise<Answer>)[] = [...asks.slice(0, round % 7), stop, ...asks.slice(round % 7)];
      // In the last round it begins once one of them was made, however fast the machine is.
      const answers = await Promise.all(
        round === ROUNDS - 1 ? stopAfterOne(asks, stop, order) : order.map((ask) => ask()),
      );
      for (const [index, answer] of answers.entries()) {
        assert.ok(answer.status < 300 || answer.status === 403, `${index} ${answer.status} ${answer.text}`);
        if (order[index] === stop) assert.equal(answer.status, 200, answer.text);
        else outcomes[answer.status < 300 ? 'made' : 'refused'] += 1;
      }
      await here.follow();
      const found = await everythingOf(top);
      assert.ok(found.length >= 3);
      for (const { id, label, denied, closed } of found) {
        const engine = here.context.engine.decideFor(id, 'register');
        assert.notEqual(engine.effect, 'allow', `${label} by the engine, round ${round}`);
        assert.equal(denied & REGISTER, REGISTER, `${label} by the database, round ${round}`);
        // Clients lie in the domain of the organization, which is open: their owner is what is closed.
        if (!label.includes('@')) assert.equal(closed, status === 'closed', label);
      }
      assert.equal((await maker.rest('GET', `/Accounts/${maker.sid}`)).status, 403);
      if (status === 'closed') continue;
      assert.equal(await setStatus(root, top, 'active'), 'active');
      await here.follow();
      for (const { id, label } of found)
        assert.equal(here.context.engine.decideFor(id, 'register').effect, 'allow', `${label} is back, round ${round}`);
    }
    assert.ok(outcomes.made > 0, 'some were made before');
  });

test('whatever order statuses arrive in, the last word of each authority counts', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const top = await addNamedChild(here, r, 'torn');
    const words = ['suspended', 'active', 'suspended', 'active', 'suspended'];
    const answers = await Promise.all(
      words.map((status, index) =>
        (index % 2 === 0 ? root : r).rest('POST', `/Accounts/${top.sid}.json`, { Status: status }),
      ),
    );
    for (const { status, text } of answers) assert.equal(status, 200, text);
    const { rows } = await here.pool.query<{ n: number; holders: number }>(
      `select count(*)::integer as n, count(distinct placed_for)::integer as holders from hold
        where entity_id = (select id from entity where uuid = $1) and ended_at is null`,
      [top.id],
    );
    const [found] = rows;
    assert.equal(found?.n, found?.holders, 'never two holds of one authority');
    assert.equal(await setStatus(root, top, 'active'), 'active');
  }
});
