/**
 * Random histories of status words, by random accounts, on random accounts of a tree, against a model of a page: who may
 * place what, who lifts what, and what everybody then shows.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { findingsOf } from '#test/outcomes.ts';
import { type TelephonyAccount, addAccount, giveLogin, restAs } from '#test/telephony-world.ts';

import { makeRandom } from '../../../scripts/random.ts';

const BASE = '/restcomm/2012-04-24';
const STEPS = 100;
const SEEDS = [7, 1904];
const here = await testInstallation({ after });
const platform = await giveLogin(here.context, { id: 'not asked for', number: 0 }, 'root@provider.example');

/** An account of the model: what holds it by itself, as the place of whoever placed it and the word. */
interface Node {
  readonly account: TelephonyAccount;
  readonly parent: Node | null;
  readonly holds: Set<string>;
  closed: boolean;
}

const lineOf = (node: Node): Node[] => (node.parent === null ? [node] : [...lineOf(node.parent), node]);
const isClosed = (node: Node) => lineOf(node).some(({ closed }) => closed);

function statusOf(node: Node): string {
  if (isClosed(node)) return 'closed';
  const words = [...node.holds].map((hold) => hold.split(' ')[1]);
  const isHeldAbove = lineOf(node)
    .slice(0, -1)
    .some(({ holds }) => holds.size > 0);
  if (isHeldAbove || words.includes('suspended')) return 'suspended';
  return words.length > 0 ? 'inactive' : 'active';
}

/** What the model answers, after it changed itself accordingly. */
function play(nodes: readonly Node[], actor: Node, target: Node, word: string): [number, string | null] {
  if (statusOf(actor) !== 'active') return [403, null];
  const line = lineOf(target);
  if (!line.includes(actor)) return [403, null];
  if (isClosed(target)) return [400, null];
  if (target.parent === null) return word === 'active' ? [200, statusOf(target)] : [400, null];
  if (word === 'closed') target.closed = true;
  else if (word === 'active') {
    const reach = line.indexOf(actor);
    for (const hold of target.holds) {
      const holder = line.findIndex((node) => String(nodes.indexOf(node)) === hold.split(' ')[0]);
      if (holder >= reach) target.holds.delete(hold);
    }
  } else target.holds.add(`${nodes.indexOf(actor)} ${word}`);
  return [200, statusOf(target)];
}

/** The platform, and beneath it two trees of three levels. */
async function plant(): Promise<Node[]> {
  const top: Node = { account: platform, parent: null, holds: new Set(), closed: false };
  const nodes = [top];
  const parents = [0, 1, 1, 2, 2, 0, 6];
  for (const parent of parents) {
    const above = nodes[parent] ?? assert.fail('it was made before');
    const account = await addAccount(here.context, above === top ? null : above.account);
    nodes.push({ account, parent: above, holds: new Set(), closed: false });
  }
  await here.follow();
  return nodes;
}

for (const seed of SEEDS)
  test(`statuses are what the history says, whatever it was (seed ${seed})`, async () => {
    const random = makeRandom(seed);
    const nodes = await plant();
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] ?? assert.fail('one of them');
    const told: string[] = [];
    const met = new Map<number, number>();
    for (let step = 0; step < STEPS; step++) {
      const target = pick(nodes);
      // Strangers are rare, so that most requests come to something.
      const actor = random() < 0.8 ? pick(lineOf(target)) : pick(nodes);
      const word = random() < 0.03 ? 'closed' : pick(['active', 'active', 'suspended', 'inactive']);
      told.push(`${nodes.indexOf(actor)} makes ${nodes.indexOf(target)} ${word}`);
      const { sid } = target.account;
      const answer = await restAs(here.app, BASE, actor.account)('PUT', `/Accounts.json/${sid}`, { Status: word });
      const expected = play(nodes, actor, target, word);
      met.set(expected[0], (met.get(expected[0]) ?? 0) + 1);
      const history = told.slice(-8).join('; ');
      assert.deepEqual([answer.status, answer.status === 200 ? answer.body['status'] : null], expected, history);
      if (step % 5 !== 0) continue;
      for (const node of nodes) {
        const shown = await restAs(here.app, BASE, platform)('GET', `/Accounts.json/${node.account.sid}`);
        assert.equal(shown.body['status'], statusOf(node), `${nodes.indexOf(node)} after ${history}`);
      }
    }
    for (const status of [200, 400, 403]) assert.ok((met.get(status) ?? 0) > 5, `${status} was met`);
    assert.deepEqual(await findingsOf(here), []);
  });
