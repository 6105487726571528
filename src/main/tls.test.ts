/** HTTPS: with which certificate, and how it is exchanged while connections are open. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TLSSocket } from 'node:tls';

import { pino } from 'pino';

import { FIRST, SECOND } from '#test/certificates.ts';
import { NO_LIMITS, makeApp, testInstallation } from '#test/installation.ts';

import { hearSignals } from './signals.ts';
import { readTls, rereadTls } from './tls.ts';

const { context } = await testInstallation({ after: (work) => after(work) });
const folder = await mkdtemp(join(tmpdir(), 'abeyance-tls-'));
after(() => rm(folder, { recursive: true, force: true }));
const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
const log = pino({ level: 'silent' });

async function put({ cert, key }: { readonly cert: string; readonly key: string }): Promise<void> {
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
}

/** Asks over HTTPS; answers with whose certificate, and over which connection. */
async function ask(port: number, more: RequestOptions = {}) {
  const sent = get({ port, host: '127.0.0.1', path: '/healthz', ca: [FIRST.cert, SECOND.cert], ...more });
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // What it emits.
  const { socket } = response;
  assert.ok(socket instanceof TLSSocket);
  const name = socket.getPeerCertificate().subject?.CN;
  response.resume();
  await once(response, 'end');
  return {
    status: response.statusCode,
    headers: response.headers,
    name,
    socket,
  };
}

test('a certificate is exchanged on SIGHUP without ending a connection, and a wrong one is not taken', async () => {
  await put(FIRST);
  const app = await makeApp(context, { settings: { ...NO_LIMITS, tls: files } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const signal = hearSignals(() => reread.resolve(rereadTls(app, files, log)));
  let reread = Promise.withResolvers<void>();
  const hangUp = async () => {
    reread = Promise.withResolvers<void>();
    process.kill(process.pid, 'SIGHUP');
    await reread.promise;
  };
  try {
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    assert.match(address, /^https:\/\//);
    const port = Number(new URL(address).port);
    const kept = await ask(port, { agent });
    assert.deepEqual([kept.status, kept.name], [200, FIRST.name]);
    assert.equal(kept.headers['strict-transport-security'], 'max-age=31536000');
    await put(SECOND);
    await hangUp();
    assert.equal((await ask(port)).name, SECOND.name, 'new connections see the new one');
    const again = await ask(port, { agent });
    assert.equal(again.socket, kept.socket, 'the open connection is still there');
    await writeFile(files.key, FIRST.key);
    await hangUp();
    assert.equal((await ask(port)).name, SECOND.name, 'a key that does not fit changes nothing');
    assert.equal(signal.isTold(), false, 'and nothing stops');
  } finally {
    signal.release();
    agent.destroy();
    await app.close();
  }
});

test('files that cannot be used are told by the name of their setting', async () => {
  await put(FIRST);
  await assert.rejects(
    readTls({ ...files, cert: join(folder, 'absent') }),
    /^ConfigurationError: ABEYANCE_TLS_CERT must name a file/,
  );
  await assert.rejects(
    readTls({ ...files, key: join(folder, 'absent') }),
    /^ConfigurationError: ABEYANCE_TLS_KEY must name a file/,
  );
  await writeFile(files.key, SECOND.key);
  await assert.rejects(readTls(files), /ABEYANCE_TLS_CERT and ABEYANCE_TLS_KEY must name a certificate and its key/);
});
