/** The story of one call by SIPp, an agent that is not ours: INVITE, ringing, answer, ACK, BYE; held, it gets 403. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { DOMAIN } from '#test/operator.ts';
import { freePort, run, startProgram } from '#test/real-server.ts';

import { CREDENTIALS, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString);
await world.create('phone_number', world.entities.other.id, { e164: '+31208005100', target: world.alice.id });

/** SIPp's own answering agent, which leaves Record-Route out; with it BYE takes the way of the call. */
async function startAnswering(): Promise<number> {
  const port = await freePort();
  const { stdout } = await run('sipp', ['-sd', 'uas']);
  const file = join(kamailio.folder, 'uas.xml');
  await writeFile(file, stdout.replaceAll(/(\[last_Via:\])/g, '$1\n      [last_Record-Route:]'));
  await startProgram({ after }, 'sipp', ['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-nostdin'], () => true, {
    cwd: kamailio.folder,
  });
  return port;
}

/** Calls a number a few times from the trunk; how many calls were answered and ended in order. */
async function callTimes(count: number): Promise<{ answered: number; failed: number; log: string }> {
  const file = join(kamailio.folder, 'uac.xml');
  const { stdout } = await run('sipp', ['-sd', 'uac']);
  const routed = stdout
    .replace('<recv response="200" rtd="true">', '<recv response="200" rtd="true" rrs="true">')
    .replaceAll(
      /(ACK|BYE) sip:\[service\]@\[remote_ip\]:\[remote_port\] SIP\/2.0/g,
      '$1 [next_url] SIP/2.0\n      [routes]',
    );
  await writeFile(file, routed);
  const port = await freePort();
  const args = [
    '-sf',
    file,
    '-s',
    '+31208005100',
    '-i',
    TRUNK,
    '-p',
    String(port),
    '-m',
    String(count),
    '-r',
    '20',
    '-nostdin',
    '-trace_err',
    '-timeout',
    '30s',
    `127.0.0.1:${kamailio.port}`,
  ];
  const ran = await run('sipp', args, { cwd: kamailio.folder });
  const last = (name: string) =>
    Number([...ran.stdout.matchAll(new RegExp(`${name}\\s*\\|\\s*\\d+\\s*\\|\\s*(\\d+)`, 'g'))].at(-1)?.[1] ?? -1);
  return { answered: last('Successful call'), failed: last('Failed call'), log: ran.stdout + ran.stderr };
}

test('SIPp calls a number, is refused while its line is held, and calls again', async () => {
  const port = await startAnswering();
  const phone = await kamailio.agent();
  const answer = await phone.register(`alice@${DOMAIN}`, CREDENTIALS('alice'), [
    `Contact: <sip:alice@127.0.0.1:${port}>`,
  ]);
  assert.equal(answer.code, 200);
  const free = await callTimes(10);
  assert.deepEqual([free.answered, free.failed], [10, 0], free.log.slice(-3000));
  const lift = await world.hold(world.entities.account.id);
  const held = await callTimes(5);
  assert.deepEqual([held.answered, held.failed], [0, 5], held.log.slice(-3000));
  await lift();
  const again = await callTimes(5);
  assert.deepEqual([again.answered, again.failed], [5, 0], again.log.slice(-3000));
});
