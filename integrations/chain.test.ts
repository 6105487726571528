/**
 * An operator's day through the whole chain: deployed by the command line alone, a customer that works everywhere, is
 * suspended, which ends what runs, is examined, and comes back.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { after, before, test as nodeTest } from 'node:test';

import { waitUntil } from '#test/barrier.ts';
import { type RealServer, run } from '#test/real-server.ts';

import {
  type Chain,
  KEY,
  SERVERS,
  follow,
  makeChain,
  makeFolders,
  startDovecot,
  startFreeradius,
  startKamailio,
  startNginx,
  startPowerdns,
} from './chain-for-test.ts';
import { type Customer, makeCustomer } from './customer-for-test.ts';
import { startRunning } from './running-for-test.ts';

let chain: Chain;
let customer: Customer;
const running = new Map<string, RealServer>();
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };
after(async () => {
  for (const work of cleanup) await work();
});

before(async () => {
  chain = await makeChain(t);
  await chain.serve();
  await makeFolders(chain);
  await makeKeys();
  const application = createServer((_request, response) => response.end('served'));
  application.listen(chain.port.application, '127.0.0.1');
  t.after(() => void application.close());
});

let failed: string | null = null;

/** Each part of the day needs those before it. */
function test(name: string, work: () => Promise<void>): void {
  void nodeTest(name, async () => {
    assert.equal(failed, null, 'a part before this one failed');
    failed = name;
    await work();
    failed = null;
  });
}

/** The keys of the servers that ask or tell Abeyance, made as their pages say. */
async function makeKeys(): Promise<void> {
  await chain.done('roles', 'put', '0', 'watcher', '--permissions', 'decision:ask,observation:write');
  await chain.done('logins', 'add', '0', 'servers@operator.example', '--role', 'watcher');
  const key = (name: string, scopes: string) =>
    chain.done('keys', 'add', 'servers@operator.example', name, '--scopes', scopes, '--quiet');
  await writeFile(`${chain.keyFile}.gateway`, await key('nginx', 'decision:ask'));
  await writeFile(`${chain.keyFile}.observations`, await key('kamailio-1', 'observation:write'));
}

/** What `integrate` says of each file, and what is to be done next. */
async function integrated(server: (typeof SERVERS)[number], ...more: readonly string[]) {
  const { code, stdout, stderr } = await chain.integrate(server, '--json', ...more);
  assert.equal(code, 0, `${server}: ${stderr}`);
  assert.doesNotMatch(stdout + stderr, new RegExp(KEY), 'no key is shown');
  return JSON.parse(stdout) as {
    next: string[];
    files: { path: string; state: string; secret: boolean; text?: string }[];
  };
}

test('files of Debian packages are not overwritten; the pages say where to move them', async () => {
  const dry = await Promise.all(
    SERVERS.map(async (server) => ({ server, ...(await integrated(server, '--dry-run')) })),
  );
  const shown = dry.flatMap(({ files }) => files.map(({ text }) => text ?? ''));
  const passwords = shown.flatMap((text) => /password ?= ?"?([^"\s]+)/.exec(text)?.[1] ?? []);
  assert.ok(passwords.length > 3 && passwords.every((password) => /^\*+$/.test(password)), passwords.join(', '));
  const there = dry.flatMap(({ server, files }) =>
    files.filter(({ state }) => state !== 'new').map(({ path }) => ({ server, path })),
  );
  assert.deepEqual(
    there.map(({ path }) => basename(path)),
    ['kamailio.cfg', 'pdns.conf', 'dovecot.conf'],
  );
  const refused = await chain.integrate('kamailio');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /kamailio\.cfg:[^]*--force|--force[^]*kamailio\.cfg:/);
  for (const { server, path } of there) {
    const page = await readFile(new URL(`${server}/README.md`, import.meta.url), 'utf8');
    const move = new RegExp(`^    (mv /etc/\\S+/${basename(path)} \\S+)$`, 'm').exec(page)?.[1];
    assert.ok(move !== undefined, `the page of ${server} says it`);
    const ran = await run('sh', ['-ec', move.replaceAll(`/etc/${server}`, chain.folder(server))]);
    assert.equal(ran.code, 0, ran.stderr);
  }
});

test('servers start, each as its own user, on the folders that integrate wrote, once what it says next is done', async () => {
  for (const server of SERVERS) {
    const { next, files } = await integrated(server);
    assert.ok(
      files.every(({ state }) => state === 'new'),
      'the dry run wrote nothing',
    );
    if (server !== 'nginx' && server !== 'freeswitch' && server !== 'dovecot') await follow(next, /chown/);
    if (server === 'freeradius') await follow(next, /off the port/);
  }
  for (const server of SERVERS) {
    const { files } = await integrated(server);
    assert.ok(
      files.every(({ state }) => state === 'same'),
      `${server} is as it was`,
    );
  }
  const nginxConfiguration = join(chain.folder('nginx'), 'nginx.conf');
  const bare = await run('nginx', ['-t', '-c', nginxConfiguration]);
  assert.equal(bare.code, 0, `nginx starts before a location asks: ${bare.stderr}`);
  await writeSite();
  const checks: readonly (readonly [string, ...string[]])[] = [
    ['/usr/sbin/kamailio', '-c', '-f', join(chain.folder('kamailio'), 'kamailio.cfg')],
    ['/usr/sbin/pdns_server', `--config-dir=${chain.folder('powerdns')}`, '--config=check'],
    ['doveconf', '-n', '-c', join(chain.folder('dovecot'), 'dovecot.conf')],
    ['nginx', '-t', '-c', nginxConfiguration],
    ['freeradius', '-XC', '-d', chain.folder('freeradius')],
  ];
  const examined = checks.map(async ([command, ...args]) => {
    const { code, stdout, stderr } = await run(command, args);
    assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
  });
  await Promise.all(examined);
  await start(['kamailio', 'powerdns', 'dovecot', 'freeradius', 'nginx']);
});

const STARTS = {
  kamailio: startKamailio,
  powerdns: startPowerdns,
  dovecot: startDovecot,
  freeradius: startFreeradius,
  nginx: startNginx,
} as const;

async function start(servers: readonly (keyof typeof STARTS)[]): Promise<void> {
  await Promise.all(servers.map(async (server) => running.set(server, await STARTS[server](t, chain))));
}

/** A site as the page of nginx shows it. */
async function writeSite(): Promise<void> {
  const site = join(chain.folder('nginx'), 'sites-enabled/default');
  await rm(site);
  await writeFile(
    site,
    `server {
  listen 127.0.0.1:${chain.port.http};
  include abeyance/server.conf;
  location / {
    set $abeyance_subject "mail:$arg_who";
    include abeyance/subject.conf;
    include abeyance/headers.conf;
    proxy_pass http://127.0.0.1:${chain.port.application};
  }
}
`,
  );
}

test('a customer that was just created works everywhere', async () => {
  customer = await makeCustomer(t, chain);
  await customer.assertWorks();
});

test('doctor finds everything right, the servers included', async () => {
  const ran = await chain.abeyance('--json', 'doctor', ...PROBES());
  assert.equal(ran.code, 0, ran.stdout);
  assert.deepEqual(notRight(ran.stdout), []);
  assert.match(ran.stdout, /answers: 200 OK/);
  for (const what of ['SIP account', 'zone or record', 'mailbox'])
    assert.match(ran.stdout, new RegExp(`a held ${what} is refused`), 'asked as the server asks');
  const left = await chain.database(({ pool }) => pool.query('select from hold'));
  assert.equal(left.rowCount, 0, 'nothing of it is left');
});

const PROBES = () => {
  const { sip, dns, imap } = chain.port;
  return ['--kamailio', `127.0.0.1:${sip}`, '--dns', `127.0.0.1:${dns}`, '--imap', `127.0.0.1:${imap}`];
};

function notRight(stdout: string): string[] {
  const findings = JSON.parse(stdout) as { state: string; subject: string; detail: string }[];
  return findings.filter(({ state }) => state !== 'right').map((one) => `${one.state} ${one.subject}: ${one.detail}`);
}

test('the three servers that have something running are systems, added by the command line', async () => {
  const key = ['--secret', `key=@${chain.keyFile}`] as const;
  const at = (port: number) => `url=http://127.0.0.1:${port}`;
  const { rpc, dnsApi, doveadm } = chain.port;
  await chain.done('systems', 'add', 'proxy', 'kamailio', `${at(rpc)}/RPC`);
  await chain.done('systems', 'add', 'names', 'powerdns', at(dnsApi), ...key);
  assert.doesNotMatch(await chain.done('systems', 'add', 'mail', 'dovecot', at(doveadm), ...key), new RegExp(KEY));
  assert.match(await chain.done('plan', customer.account, '--profile', 'fraud'), /System mail would be told of 1: end/);
});

const SYSTEMS = ['proxy', 'names', 'mail'] as const;

const suspend = (...more: readonly string[]) =>
  chain.done('suspend', customer.account, '--profile', 'fraud', '--note', 'stolen cards', '--yes', ...more);

test('suspended it is refused everywhere at once, and what runs ends with the hold; its receipt says so', async () => {
  const runs = await startRunning(chain, customer);
  await runs.assertGoesOn();
  const held = await suspend('--wait');
  for (const name of SYSTEMS) assert.match(held, new RegExp(`^System ${name}: all 1 agree\\.$`, 'm'));
  assert.doesNotMatch(held, /abeyance kick/, 'nothing is left to be ended');
  await runs.assertEnds(/Account blocked/);
  await customer.assertRefused();

  const { revision } = await chain.json('changes', '--kind', 'hold.placed', '--last', '1');
  const receipt = await chain.json('operations', String(revision));
  assert.equal(receipt.state, 'settled');
  const items = receipt.items as { system: string; outcome: string; note: string }[];
  const notes = Object.fromEntries(items.map(({ system, outcome, note }) => [system, `${outcome}: ${note}`]));
  assert.match(notes['proxy'] ?? '', /^confirmed: 1 registration removed, 1 call ended$/);
  assert.match(notes['names'] ?? '', /^confirmed: 1 zone purged, [1-9]\d* entr(?:y|ies) forgotten/);
  assert.match(notes['mail'] ?? '', /^confirmed: 1 user signed out$/);
});

test('what Kamailio refused can be read from the command line', async () => {
  const seen = () => chain.json('observations', '--subject', 'sip:alice@voice.example', '--action', 'register');
  await waitUntil('the refusal is reported', async () => ((await seen()) as unknown[]).length > 0);
  const [first] = (await seen()) as Record<string, unknown>[];
  const { subject, effect, profile, code, source } = first ?? {};
  assert.deepEqual(
    { subject, effect, profile, code, source },
    { subject: 'alice@voice.example', effect: 'deny', profile: 'fraud', code: 403, source: 'kamailio-1' },
  );
});

test('resumed it works everywhere at once, as it was', async () => {
  assert.match(await chain.done('resume', customer.account, '--wait'), /^System names: all 1 agree\.$/m);
  await customer.assertWorks();
});

test('while the systems are paused one command ends what runs, and they agree when they are told again', async () => {
  for (const name of SYSTEMS) await chain.done('systems', 'pause', name, '--note', 'new release');
  const runs = await startRunning(chain, customer);
  await suspend();
  await customer.assertRefused();
  await runs.assertGoesOn();
  const kicked = await chain.done('kick', customer.account);
  assert.match(kicked, /kamailio at \S+: 1 registration removed, 1 call ended/);
  assert.match(kicked, /powerdns at \S+: 1 zone purged, [1-9]\d* entr(?:y|ies) forgotten/);
  assert.match(kicked, /dovecot at \S+: 1 user signed out/);
  await runs.assertEnds(/Account suspended/);
  for (const name of SYSTEMS) await chain.done('systems', 'resume', name);
  await chain.done('resume', customer.account, '--wait');
  await customer.assertWorks();
});

test('doctor names what is wrong, and integrate puts it right', async () => {
  const found = async () => {
    const ran = await chain.abeyance('--json', 'doctor', ...PROBES());
    return { code: ran.code, text: notRight(ran.stdout).join('\n') };
  };
  await chain.database(async ({ pool }) => {
    await pool.query('revoke select on enforce.powerdns_records from abeyance_powerdns');
    await pool.query('revoke execute on function enforce.kamailio_registration(text) from abeyance_kamailio');
    await pool.query(`alter role abeyance_dovecot password 'by-somebody-else'`);
  });
  await running.get('powerdns')?.stop();
  const broken = await found();
  assert.equal(broken.code, 1);
  assert.match(broken.text, /^wrong role abeyance_powerdns: may not use powerdns_records$/m);
  assert.match(broken.text, /^wrong role abeyance_kamailio: may not use kamailio_registration\(\)$/m);
  assert.match(broken.text, /^wrong what abeyance_kamailio sees: it cannot ask: permission denied for function/m);
  assert.match(broken.text, /password of abeyance_dovecot: the one of the secret key does not sign in$/m);
  assert.match(broken.text, /^wrong dns at \S+: .*(?:cannot be reached|did not answer)/m);
  assert.doesNotMatch(broken.text, /kamailio at|imap at/);
  for (const server of ['kamailio', 'powerdns', 'dovecot'] as const) await integrated(server);
  await start(['powerdns']);
  assert.deepEqual(await found(), { code: 0, text: '' });
  await customer.assertWorks();
});

test('after another secret key the documented steps give every server its new password', async () => {
  await chain.leave();
  await chain.done('rotate-secret');
  await chain.serve();
  // Each worker of Kamailio refuses once before it connects anew.
  await waitUntil('the former password is good again', async () => (await customer.register()).code === 200);
  const refused = await chain.integrate('kamailio');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /--force/);
  const readers = ['kamailio', 'powerdns', 'dovecot', 'freeradius'] as const;
  for (const server of readers) {
    const { next, files } = await integrated(server, '--force');
    assert.ok(files.some(({ state, secret }) => state === 'differs' && secret));
    if (server !== 'dovecot') await follow(next, /chown/);
  }
  await Promise.all(readers.map(async (server) => running.get(server)?.stop()));
  await start(readers);
  await customer.assertWorks();
  assert.deepEqual(notRight((await chain.abeyance('--json', 'doctor', ...PROBES())).stdout), []);
});
