import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { TEST_SECRET } from '#test/database.ts';
import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { makeFolder } from '#test/real-server.ts';

import { examineChain } from './examine-chain.ts';
import { integrate } from './integrate.ts';

async function makeServer(t: TestContext) {
  const folder = await makeFolder(t, 'doctor');
  const role = `d${randomBytes(5).toString('hex')}`;
  await mkdir(join(folder, 'i/sample'), { recursive: true });
  const manifest = { title: 'Sample', role, files: [], settings: [], next: [] };
  await writeFile(join(folder, 'i/sample/manifest.json'), JSON.stringify(manifest));
  return { folder, role: `abeyance_${role}`, server: role, shipped: pathToFileURL(`${folder}/i/`) };
}

const told = (findings: Awaited<ReturnType<typeof examineChain>>) =>
  findings.map(({ state, subject, detail }) => `${state} ${subject}: ${detail}`);

test('the chain is examined from the role to a held account, and what is wrong with it is named', async (t) => {
  const installation = await testInstallation(t);
  const { pool, connectionString } = installation;
  const { folder, role, server, shipped } = await makeServer(t);
  await pool.query(`create view enforce.${server}_thing as select 1 as one`);
  const place = {
    dataFolder: join(folder, 'data'),
    databaseUrl: connectionString,
    secretKey: TEST_SECRET.toString('base64'),
    newSecretKey: undefined,
  };
  const examined = async () => told(await examineChain(place, {}, shipped));
  assert.deepEqual(await examined(), [`wrong role ${role}: is missing`]);
  const options = { server: 'sample', out: folder, settings: {}, database: {}, force: false, dryRun: false };
  await integrate(place, options, shipped);
  assert.deepEqual(await examined(), [
    `right role ${role}: reads its 1 views and nothing else`,
    `right password of ${role}: signs in`,
    `right what ${role} sees: there is no account yet that could be held`,
  ]);
  const { entities } = await makeOperator(installation);
  assert.match((await examined()).at(-1) ?? '', /^right .*: a held account is refused \(\w+, tried and taken back\)$/);
  const { rows } = await pool.query('select from hold');
  assert.equal(rows.length, 0, `the probe left nothing on ${entities.reseller.number}`);

  await pool.query(`create view enforce.${server}_late as select 2 as two`);
  await pool.query(`grant select on hold to ${role}`);
  await pool.query(`alter role ${role} reset search_path`);
  await pool.query(`alter role ${role} createdb password 'another-password'`);
  const lines = (await examined()).join('\n');
  assert.match(lines, /wrong .*: lacks search_path=enforce/);
  assert.match(lines, new RegExp(`wrong .*: may not use ${server}_late`));
  assert.match(lines, /wrong .*: may more than it needs: createdb, select on public\.hold/);
  assert.match(lines, /doubtful password of .*: the one of the secret key does not sign in/);
});

test('a database that cannot be reached from here is said not to have been examined', async (t) => {
  const { folder, shipped } = await makeServer(t);
  const place = {
    dataFolder: join(folder, 'none'),
    databaseUrl: undefined,
    secretKey: undefined,
    newSecretKey: undefined,
  };
  const [finding] = await examineChain(place, {}, shipped);
  assert.equal(finding?.state, 'doubtful');
  assert.match(finding?.detail ?? '', /^not examined from here: /);
});

test('servers answer or do not', async (t) => {
  const { folder, shipped } = await makeServer(t);
  const place = {
    dataFolder: join(folder, 'none'),
    databaseUrl: undefined,
    secretKey: undefined,
    newSecretKey: undefined,
  };
  const [sip, dns] = [createSocket('udp4'), createSocket('udp4')];
  sip.on('message', (asked, from) => {
    const lines = asked
      .toString()
      .split('\r\n')
      .filter((line) => /^(?:Via|From|To|Call-ID|CSeq)/.test(line));
    sip.send(['SIP/2.0 200 Keepalive', ...lines, '', ''].join('\r\n'), from.port, from.address);
  });
  dns.on('message', (asked, from) => {
    const answer = Buffer.from(asked);
    answer[2] = 0x80;
    answer[3] = 5;
    dns.send(answer, from.port, from.address);
  });
  const imap = createServer((socket) => socket.end('* OK [CAPABILITY IMAP4rev1] Mail ready.\r\n'));
  for (const socket of [sip, dns]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.after(() => socket.close());
  }
  imap.listen(0, '127.0.0.1');
  await once(imap, 'listening');
  t.after(() => imap.close());
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const imapPort = (imap.address() as AddressInfo).port; // a TCP server has a port
  const probes = { kamailio: at(sip.address().port), dns: at(dns.address().port), imap: at(imapPort) };
  assert.deepEqual(
    (await examineChain(place, probes, shipped)).slice(1).map(({ state, detail }) => `${state} ${detail}`),
    ['right answers: 200 Keepalive', 'right answers: REFUSED', 'right answers: OK Mail ready.'],
  );
  const away = await examineChain(place, { kamailio: at(1), dns: at(1), imap: at(1) }, shipped);
  assert.deepEqual(
    away.slice(1).map(({ state }) => state),
    ['wrong', 'wrong', 'wrong'],
  );
  const notImap = await examineChain(place, { imap: probes.imap, dns: undefined }, shipped);
  assert.equal(notImap.length, 2);
});
