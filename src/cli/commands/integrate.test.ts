import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { type CannedServer, runCli, startCannedServer } from '#cli/canned-server.ts';
import type { ChainProbes, IntegrateOptions, Integrated } from '#cli/local-commands.ts';
import { problem } from '#core/problem.ts';

const NOBODY = 'http://127.0.0.1:61';

/** Runs `integrate` and shows what it would have had done. */
async function integrated(args: readonly string[], answer: Partial<Integrated> = {}) {
  const asked: IntegrateOptions[] = [];
  const ran = await runCli(NOBODY, ['integrate', ...args], {
    local: {
      integrate: (options) => {
        asked.push(options);
        const { server, out } = options;
        const role = `abeyance_${server}`;
        return Promise.resolve({
          server,
          title: 'Sample',
          folder: out,
          role,
          files: [],
          next: [],
          notes: [],
          ...answer,
        });
      },
      listIntegrations: () =>
        Promise.resolve([
          { server: 'kamailio', title: 'Kamailio', settings: [{ name: 'gateway', default: '', note: 'Next hop.' }] },
          { server: 'nginx', title: 'nginx', settings: [] },
        ]),
    },
  });
  return { ...ran, asked };
}

async function makeFile(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-integrate-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'value'), text);
  return join(folder, 'value');
}

test('each option of integrate arrives as it was given, a value from a file without its line end', async (t) => {
  const key = await makeFile(t, 'the key=\n');
  const options = ['--database-host', 'db.internal', '--database-port', '6432', '--password-file', '/p', '--force'];
  const set = ['--set', 'gateway=sip:gw.example;transport=tcp', '--set', `api_key=@${key}`, '--set', 'empty='];
  const { asked, code } = await integrated(['kamailio', '-o', '/k', ...options, ...set, '--dry-run']);
  assert.equal(code, 0);
  assert.deepEqual(asked, [
    {
      server: 'kamailio',
      out: '/k',
      settings: { gateway: 'sip:gw.example;transport=tcp', api_key: 'the key=', empty: '' },
      database: { host: 'db.internal', port: 6432 },
      passwordFile: '/p',
      force: true,
      dryRun: true,
    },
  ]);
  const plain = await integrated(['nginx', '--out', '/n']);
  assert.deepEqual(plain.asked[0], {
    server: 'nginx',
    out: '/n',
    settings: {},
    database: { host: undefined, port: undefined },
    passwordFile: undefined,
    force: false,
    dryRun: false,
  });
});

test('options of integrate that cannot be meant are wrong usage, and nothing is done', async () => {
  for (const [args, words] of [
    [[], /name a server, or --list/],
    [['kamailio'], /--out must name the folder/],
    [['asterisk', '-o', '/a'], /Allowed choices are kamailio/],
    [['kamailio', '-o', '/k', '--set', 'gateway'], /--set must be name=value, not "gateway"/],
    [['kamailio', '-o', '/k', '--set', '=x'], /--set must be name=value/],
    [['kamailio', '-o', '/k', '--set', 'a=1', '--set', 'a=2'], /--set says a twice/],
    [['kamailio', '-o', '/k', '--set', 'a=@/no/such/file'], /--set a: the file \/no\/such\/file cannot be read/],
    [['kamailio', '-o', '/k', '--database-port', '65536'], /65,?535/],
  ] as const) {
    const { code, err, asked } = await integrated(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, words);
    assert.deepEqual(asked, []);
  }
});

test('integrate says what became of each file, what to know and what to do; its list what can be set', async () => {
  const file = { secret: false, differences: [] };
  const files = [
    { ...file, path: '/k/a', state: 'new', secret: true },
    { ...file, path: '/k/b', state: 'same' },
    { ...file, path: '/k/c', state: 'differs', differences: ['+ line 1: x'] },
  ] as const;
  const answer = { files, next: ['Restart it'], notes: ['It is near.'] };
  const { out } = await integrated(['kamailio', '-o', '/k'], answer);
  assert.deepEqual(out.trimEnd().split('\n'), [
    '/k/a: written, for its owner alone',
    '/k/b: unchanged',
    '/k/c: replaced',
    '  + line 1: x',
    'The role for Sample is abeyance_kamailio: it reads and nothing else.',
    'Note: It is near.',
    'What to do next:',
    '  1. Restart it',
  ]);
  const dry = await integrated(['kamailio', '-o', '/k', '--dry-run'], answer);
  assert.match(dry.out, /\/k\/a: would be written[^]*\/k\/c: differs, and would be replaced by --force/);
  assert.doesNotMatch(dry.out, /role/, 'nothing was let in');
  const json = await integrated(['kamailio', '-o', '/k', '--json'], answer);
  assert.deepEqual((JSON.parse(json.out) as Integrated).next, ['Restart it']);
  const all = await integrated(['--list']);
  assert.match(all.out, /kamailio: Kamailio\n +gateway +Next hop\. \(empty\)\nnginx: nginx/);
  assert.doesNotMatch((await integrated(['nginx', '--list'])).out, /kamailio/);
});

test('a refusal of integrate is told on standard error', async () => {
  const ran = await runCli(NOBODY, ['integrate', 'nginx', '-o', '/n'], {
    local: { integrate: () => Promise.reject(problem('conflict', 'Files that are there say something else')) },
  });
  assert.equal(ran.code, 1);
  assert.match(ran.err, /Files that are there say something else/);
});

test('the places that doctor is to ask are read, and what it finds there decides its exit code', async (t) => {
  const status = { version: '1', installation: 'i', epoch: 'e', revision: 7, entities: 2, schemaVersion: 1 };
  const server: CannedServer = await startCannedServer({
    'GET /readyz': { ready: true, checks: {} },
    'GET /v1/status': status,
  });
  t.after(() => server.stop());
  const asked: ChainProbes[] = [];
  const doctor = (args: readonly string[], state: 'right' | 'doubtful' | 'wrong' = 'right') =>
    runCli(server.url, ['doctor', ...args], {
      local: {
        examineChain: (probes) => {
          asked.push(probes);
          return Promise.resolve([{ state, subject: 'role', detail: 'is as it is', help: 'look at it' }]);
        },
      },
    });
  const places = ['--kamailio', 'sip.example:5060', '--dns', '[2001:db8::53]:53', '--imap', '127.0.0.1:143'];
  assert.equal((await doctor(places)).code, 0);
  assert.deepEqual(asked[0], {
    kamailio: { host: 'sip.example', port: 5060 },
    dns: { host: '2001:db8::53', port: 53 },
    imap: { host: '127.0.0.1', port: 143 },
  });
  assert.equal((await doctor([], 'doubtful')).code, 0);
  const wrong = await doctor([], 'wrong');
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /wrong +role: is as it is; look at it/);
  for (const place of ['127.0.0.1', 'sip.example:0', 'sip.example:65536', '2001:db8::53:53', ':53', 'a b:1']) {
    const refused = await doctor(['--dns', place]);
    assert.equal(refused.code, 2, place);
    assert.match(refused.err, /must be host:port, such as 127\.0\.0\.1:5060/);
  }
});
