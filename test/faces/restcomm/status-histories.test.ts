/**
 * Random histories of statuses set through the face, by any account above on any account beneath, against a model that has
 * nothing but the rules: a hold for each account that suspends, what shows is what reaches, and closed is for ever.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { type FaceAccount, type FaceTree, growTree } from '#test/face-tree.ts';
import { makeRandom, pick } from '../../../scripts/random.ts';

/** Five levels beneath the platform's account. */
const ABOVE: Readonly<Record<string, string | null>> = {
  m: null,
  a: 'm',
  b: 'a',
  c: 'b',
  d: 'c',
  s: 'a',
  t: 'm',
  u: 't',
};
const NAMES = Object.keys(ABOVE);
const STEPS = 40;
const SEEDS = process.env['SEED'] === undefined ? [11, 12] : [Number(process.env['SEED'])];

/** An account and all above it, itself first; the last is `root`. */
function lineOf(name: string): string[] {
  const parent = ABOVE[name];
  return parent === undefined ? ['root'] : [name, ...lineOf(parent ?? 'root')];
}

/** Who holds whom, and who is closed: all that the rules need. */
class Model {
  readonly holds = new Map<string, Set<string>>(NAMES.map((name) => [name, new Set()]));
  readonly closed = new Set<string>();

  standing(name: string): 'active' | 'suspended' | 'closed' {
    const line = lineOf(name);
    if (line.some((above) => this.closed.has(above))) return 'closed';
    return line.some((above) => (this.holds.get(above)?.size ?? 0) > 0) ? 'suspended' : 'active';
  }

  /** What an active account is answered that sets the status of one at or beneath it. */
  set(by: string, of: string, status: string): string {
    if (this.standing(of) === 'closed') return '400';
    const holds = this.holds.get(of) ?? new Set();
    if (status === 'suspended') holds.add(by);
    if (status === 'closed') this.closed.add(of);
    // Whoever placed it and all above that may lift it: among those above `of`, the ones at or beneath `by`.
    if (status === 'active') for (const holder of holds) if (lineOf(holder).includes(by)) holds.delete(holder);
    return this.standing(of);
  }
}

for (const seed of SEEDS)
  test(`what shows is what was done, history ${seed}`, async (t) => {
    const here = await testInstallation(t);
    const tree = await growTree(here, ABOVE);
    const model = new Model();
    const random = makeRandom(seed);
    const done: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const of = pick(NAMES, random());
      const by = pick(random() < 0.1 ? NAMES : lineOf(of), random());
      const drawn = random();
      const status = drawn < 0.45 ? 'suspended' : drawn < 0.97 ? 'active' : 'closed';
      done.push(`${by} sets ${of} ${status}`);
      const answer = await accountOf(tree, by).rest('POST', `/Accounts/${accountOf(tree, of).sid}.json`, {
        Status: status,
      });
      const told = answer.status === 200 ? String(answer.body['status']) : String(answer.status);
      assert.equal(told, expected(model, by, of, status), `seed ${seed}:\n${done.join('\n')}\n${answer.text}`);
      if (step % 4 === 3) await compare(tree, model, `seed ${seed}:\n${done.join('\n')}`);
    }
    await compare(tree, model, `seed ${seed}:\n${done.join('\n')}`);
  });

function expected(model: Model, by: string, of: string, status: string): string {
  if (by !== 'root' && model.standing(by) !== 'active') return '403';
  if (!lineOf(of).includes(by)) return '403';
  return model.set(by, of, status);
}

async function compare(tree: FaceTree, model: Model, why: string): Promise<void> {
  for (const name of NAMES) {
    const account = accountOf(tree, name);
    const standing = model.standing(name);
    const shown = await tree.root.rest('GET', `/Accounts/${account.sid}.json`);
    assert.equal(shown.body['status'], standing, `${name} as the platform sees it\n${why}`);
    const own = await account.rest('GET', `/Accounts/${account.email}`);
    assert.equal(own.status, standing === 'active' ? 200 : 403, `${name} as itself\n${why}`);
    if (standing === 'active') continue;
    const isOwn = (model.holds.get(name)?.size ?? 0) > 0 || model.closed.has(name);
    assert.equal(own.text, `${isOwn ? 'Provided' : 'Parent'} Account is not active`, `${name}\n${why}`);
  }
}

function accountOf(tree: FaceTree, name: string): FaceAccount {
  const account = name === 'root' ? tree.root : tree.accounts.get(name);
  assert.ok(account !== undefined, name);
  return account;
}
