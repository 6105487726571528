/** The command line for systems, targets and receipts, and waiting for systems, against a real server with a reconciler. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { runCli } from '#cli/canned-server.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import { makeSealingKey } from '#store/sealing.ts';
import type { Outcome } from '#systems/system.ts';
import { TEST_SECRET } from '#test/database.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { sampleSystem } from '#test/system-samples.ts';

const SECRET = 'a key that nobody is to see';
const here = await testInstallation({ after: (work) => after(work) });
let url = '';
let folder = '';
let answer: Outcome = { type: 'done' };
const reconciler = new Reconciler({
  pool: here.pool,
  connectionString: here.connectionString,
  sealingKey: () => makeSealingKey(TEST_SECRET),
  chainKey: () => here.chainKey,
  makeDriver: { aps: () => ({ converge: () => Promise.resolve(answer) }) },
  workerName: 'test',
  onTrouble: () => {},
  pollMs: 20,
});
before(async () => {
  url = await here.app.listen({ host: '127.0.0.1', port: 0 });
  folder = await mkdtemp(join(tmpdir(), 'abeyance-systems-'));
  reconciler.start();
});
after(async () => {
  await reconciler.stop();
  await rm(folder, { recursive: true });
});

async function ran(args: readonly string[], typed?: string) {
  const result = await runCli(url, args, {
    env: { ABEYANCE_TOKEN: TOKEN },
    ...(typed === undefined ? {} : { typed }),
  });
  assert.ok(!`${result.out}${result.err}`.includes(SECRET), 'no secret is shown');
  return result;
}

/** A command that is to succeed. */
async function done(args: readonly string[], typed?: string): Promise<string> {
  const { code, out, err } = await ran(args, typed);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

test('systems are added with secrets from a file, standard input or the keyboard, and never as an argument', async () => {
  const file = join(folder, 'key');
  await writeFile(file, `${SECRET}\n`);
  const address = 'url=http://127.0.0.1:8081';
  assert.match(
    await done(['systems', 'add', 'ns1', 'powerdns', address, 'concurrency=3', 'rate=2.5', '--secret', `key=@${file}`]),
    /^Added: system ns1, powerdns\./,
  );
  await done(['systems', 'add', 'ns2', 'powerdns', address, '--secret', 'key=@-'], `${SECRET}\n`);
  await done(['systems', 'add', 'ns3', 'powerdns', address, '--secret', 'key'], `${SECRET}\n`);
  const { rows } = await here.pool.query('select name, secrets_sealed is not null as sealed from system order by name');
  assert.deepEqual(
    rows,
    ['ns1', 'ns2', 'ns3'].map((name) => ({ name, sealed: true })),
  );
  for (const wrong of [
    ['systems', 'add', 'ns4', 'powerdns', address, '--secret', `key=${SECRET}`],
    ['systems', 'add', 'ns4', 'powerdns', address, `key=${SECRET}`],
    ['systems', 'add', 'ns4', 'powerdns', address, '--secret', 'key'],
    ['systems', 'add', 'ns4', 'nothing', address],
  ])
    assert.equal((await ran(wrong)).code, 2, wrong.join(' '));
  const shown = await done(['systems', 'show', 'ns1']);
  assert.match(shown, /concurrency +3\n[^]*rate +2\.5\n/);
  assert.match(shown, /key +\(set, not shown\)/);
});

test('kinds tell their settings and secrets', async () => {
  assert.match(await done(['systems', 'kinds', 'powerdns']), /^powerdns .*\n {2}url .*Required\.\n {2}--secret key/);
  const broadworks = await done(['systems', 'kinds', 'broadworks']);
  assert.match(broadworks, /^ {2}transport .* One of tcp, tls, soap\. Default: tls$/m);
  assert.match(broadworks, /^ {2}rate +Default: no limit$/m);
  assert.equal((await ran(['systems', 'kinds', 'nothing'])).code, 1);
});

test('a system is changed, paused, resumed and removed', async () => {
  assert.match(await done(['systems', 'change', 'ns1', 'concurrency=5', 'rate:=null']), /now at version 2/);
  assert.equal((await ran(['systems', 'change', 'ns1'])).code, 2);
  await done(['systems', 'pause', 'ns1', '--note', 'new release']);
  assert.match(await done(['systems', 'show', 'ns1']), /paused +since .*: new release/);
  assert.match(await done(['systems']), /ns1 +powerdns +paused/);
  await done(['systems', 'resume', 'ns1']);
  assert.equal((await ran(['systems', 'remove', 'ns1'])).code, 1, 'nobody can be asked');
  assert.match(await done(['systems', 'remove', 'ns1'], 'y\n'), /^Removed: system ns1 with 0 targets/);
  for (const name of ['ns2', 'ns3']) await done(['systems', 'remove', name, '--yes']);
  assert.match(await done(['systems']), /There is no system/);
});

test('suspending waits until all systems agree, and tells by its exit code when one does not', async () => {
  await done(['create', 'account', 'parent=platform', 'name=Acme', 'reference=C-1']);
  for (const n of [1, 2])
    await done([
      'create',
      'foreign',
      'parent=ref:C-1',
      'system=office',
      `externalReference=t-${n}`,
      `name=tenant ${n}`,
    ]);
  const added = await fetch(`${url}/v1/systems`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'office', ...sampleSystem('aps'), retryMinMs: 10, retryMaxMs: 20 }),
  });
  assert.equal(added.status, 201, await added.text());
  const plan = await done(['plan', 'ref:C-1']);
  assert.match(plan, /System office would be told of 2: disable 2\./);
  const suspended = await done(['suspend', 'ref:C-1', '--yes', '--wait=60s']);
  assert.match(suspended, /^Held: account Acme[^]*\nSystem office: all 2 agree\.\n$/m);

  answer = { type: 'never', code: 'refused', detail: 'no such tenant' };
  const resumed = await ran(['resume', 'ref:C-1', '--wait=60s']);
  assert.equal(resumed.code, 6, resumed.err);
  assert.match(
    resumed.out,
    /System office: 0 of 2 agree, 2 in need of a person\. See: abeyance targets office --outcome failed/,
  );
  const failed = await done(['targets', 'office', '--outcome', 'failed']);
  assert.match(failed, /failed[^]*refused: no such tenant/);
  assert.match(await done(['targets', '--entity', 'ref:C-1']), /No system is told of it/);
  const numbers = JSON.parse(await done(['targets', 'office', '--json'])) as { entityNumber: number }[];
  const [first] = numbers;
  assert.ok(first !== undefined && numbers.length === 2);
  assert.match(await done(['targets', '--entity', String(first.entityNumber)]), /office/);
  assert.match(await done(['targets', 'acknowledge', 'office', String(first.entityNumber)]), /^Acknowledged: foreign/);

  answer = { type: 'done' };
  assert.match(await done(['targets', 'retry', 'office', '--outcome', 'failed,acknowledged']), /told again: 2 targets/);
  const { items } = JSON.parse(
    await (await fetch(`${url}/v1/changes?kind=hold.lifted`, { headers: { authorization: `Bearer ${TOKEN}` } })).text(),
  ) as { items: { revision: number }[] };
  const receipt = await done(['operations', String(items[0]?.revision), '--wait']);
  assert.match(receipt, /^hold\.lifted by token:admin at .*: settled\.\nSystem office: all 2 agree\.\n/);
  assert.equal((await ran(['operations', '999999'])).code, 1);
  assert.equal((await ran(['suspend', 'ref:C-1', '--yes', '--wait=soon'])).code, 2);
});

test('machines get the receipts beside the result, and the time that may be waited ends the waiting', async () => {
  const held = JSON.parse(await done(['suspend', 'ref:C-1', '--ref', 'again', '--yes', '--wait', '--json']));
  assert.equal(held.profile, 'suspended');
  assert.deepEqual(
    held.receipts.map((one: { state: string }) => one.state),
    ['settled'],
  );
  await done(['systems', 'pause', 'office']);
  const late = await ran(['suspend', 'ref:C-1', '--ref', 'late', '--profile', 'limited', '--yes', '--wait=100ms']);
  assert.equal(late.code, 6);
  assert.match(late.out, /(?:System office: 0 of 2 agree, 2 open\.\n)?.*It goes on|is not known yet/);
  assert.match(
    (await ran(['doctor'])).out,
    /^doubtful +system office: paused since .*; abeyance systems resume office$/m,
  );
  await done(['systems', 'resume', 'office']);
  assert.match((await ran(['doctor'])).out, /^right +system office: aps, 2 targets/m);
  const same = await done(['suspend', 'ref:C-1', '--ref', 'again', '--wait']);
  assert.match(same, /Nothing was changed of which a system had to be told|all 2 agree/);
});

test('things are bound and unbound by hand', async () => {
  await done(['create', 'foreign', 'parent=platform', 'system=elsewhere', 'externalReference=x', 'name=other']);
  const [, number = ''] = /number (\d+)/.exec(await done(['create', 'account', 'parent=platform', 'name=B'])) ?? [];
  const refused = await ran(['targets', 'bind', 'office', number, 'ref-1']);
  assert.match(refused.err, /must be foreign/);
  const tree = JSON.parse(await done(['targets', 'office', '--json'])) as { entityNumber: number }[];
  const id = String(tree[0]?.entityNumber);
  assert.match(await done(['targets', 'bind', 'office', id, 'renamed']), /^Bound: /);
  assert.match(await done(['targets', 'unbind', 'office', id]), /^Unbound: /);
  assert.equal((await ran(['targets', 'unbind', 'office', id])).code, 1, 'it names the system by itself');
  assert.equal((await ran(['targets'])).code, 2);
});
