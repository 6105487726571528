/** Where a webhook may lie: whoever is not the platform reaches public addresses alone, whatever the name or its spelling. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';

import { type WebhookOrder, readWebhookSecret, retryDelayMs, webhook } from '#core/systems/webhook.ts';
import type { EventNews } from '#core/event.ts';
import { readFields } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { notificationOf } from '#systems/webhook/notification.ts';
import { post, publicLookup } from '#systems/webhook/post.ts';
import { isPublicAddress } from '#systems/webhook/public-address.ts';
import { makeSendWebhook } from '#systems/webhook/webhook.ts';

let connections = 0;
let answer: (write: (chunk: string) => void, end: () => void) => void = (_write, end) => end();
const server = createServer((_request, response) => {
  response.writeHead(200);
  answer(
    (chunk) => void response.write(chunk),
    () => response.end(),
  );
});
server.on('connection', () => connections++);
await new Promise<void>((resolve) => server.listen(0, '::', resolve));
after(() => server.close());
after(() => server.closeAllConnections());
const { port } = server.address() as AddressInfo; // It listens on TCP.

const order = (url: string, more: Partial<WebhookOrder> = {}): WebhookOrder => ({
  settings: { url, form: 'standard', types: [] },
  secrets: {},
  isPlatform: false,
  messageId: 'a',
  event: null,
  name: 'w',
  timeoutMs: 2_000,
  signal: new AbortController().signal,
  ...more,
});

test('only addresses on the public Internet are public', () => {
  for (const address of ['93.184.216.34', '8.8.8.8', '2606:4700::1111', '2a00:1450:4001::1'])
    assert.equal(isPublicAddress(address), true, address);
  for (const address of [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    '2001:4860::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'localhost',
    '',
  ])
    assert.equal(isPublicAddress(address), false, address);
});

test('no spelling of an address of this machine is connected to, and no name that means one', async () => {
  const send = makeSendWebhook({ isPrivateAllowed: false, userAgent: 'test' });
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
    '127.0.0.1.',
  ]) {
    const answered = await send(order(`http://${host}:${port}/`));
    assert.equal(answered.type, 'failed', host);
    assert.match(
      answered.type === 'failed' ? answered.problem : '',
      /not on the public Internet|cannot be reached/,
      host,
    );
  }
  assert.equal(connections, 0, 'nothing was even connected to');
  const lookups = new Promise((resolve) =>
    publicLookup('localhost', { all: true }, (error) => resolve(error?.message)),
  );
  assert.match(String(await lookups), /not on the public Internet/);
});

test('the platform, and a lab that says so, reach what they like', async () => {
  for (const [send, isPlatform] of [
    [makeSendWebhook({ isPrivateAllowed: false, userAgent: 'test' }), true],
    [makeSendWebhook({ isPrivateAllowed: true, userAgent: 'test' }), false],
  ] as const) {
    const answered = await send(order(`http://127.0.0.1:${port}/`, { isPlatform }));
    assert.equal(answered.type === 'answered' && answered.code, 200);
  }
});

test('a connection is kept for the next request, and is none of those who may reach public addresses alone', async () => {
  const send = makeSendWebhook({ isPrivateAllowed: false, userAgent: 'test' });
  const url = `http://localhost:${port}/`;
  for (let n = 0; n < 3; n++) {
    const before = connections;
    const answered = await send(order(url, { isPlatform: true }));
    assert.equal(answered.type === 'answered' && answered.code, 200);
    if (n > 0) assert.equal(connections, before, 'it goes along the one that is there');
    // The end of an answer is told before its connection is free.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const refused = await send(order(url));
  assert.match(refused.type === 'failed' ? refused.problem : '', /not on the public Internet/);
});

test('a connection that the receiver closed while it was kept costs no attempt', async (t) => {
  const known = new Set<unknown>();
  let closed = 0;
  const closing = createServer((request, response) => {
    if (!known.has(request.socket)) {
      known.add(request.socket);
      return void response.end();
    }
    closed++;
    request.socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
  t.after(() => closing.closeAllConnections());
  t.after(() => closing.close());
  const url = `http://127.0.0.1:${(closing.address() as AddressInfo).port}/`; // It listens on TCP.
  const send = makeSendWebhook({ isPrivateAllowed: true, userAgent: 'test' });
  for (let n = 0; n < 2; n++) {
    const answered = await send(order(url));
    assert.equal(answered.type === 'answered' && answered.code, 200);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(closed, 1, 'the second came once more by a connection of its own');
});

test('of an answer without end only the beginning is read, and one that drips is left in time', async () => {
  const ask = () =>
    post({
      url: new URL(`http://127.0.0.1:${port}/`),
      headers: {},
      body: '{}',
      isPublicOnly: false,
      timeoutMs: 300,
      signal: new AbortController().signal,
    });
  answer = (write) => write('y'.repeat(100_000));
  assert.equal((await ask()).text.length, 2_048);
  answer = (write) => write('y');
  await assert.rejects(ask(), /did not answer within 300 ms/);
  answer = (_write, end) => end();
});

test('secrets have 24 to 64 bytes, and one is made where none was given', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 200).toString('base64')}`;
  for (const bytes of [24, 25, 26, 64]) assert.equal(readWebhookSecret(of(bytes)).ok, true);
  for (const given of [of(23), of(65), 'whsec_', 'secret', of(24).slice(6), `${of(24)}!`]) {
    const reading = readWebhookSecret(given);
    assert.ok(!reading.ok && !reading.message.includes(given.slice(8) || '?'), 'what was given is not shown');
  }
  const random = (bytes: number) => new Uint8Array(bytes).fill(5);
  const made = webhook.generate?.({ form: 'standard' }, { secret: null }, random) ?? {};
  assert.equal(readWebhookSecret(String(made['secret'])).ok, true);
  assert.equal(Buffer.from(String(made['secret']).slice(6), 'base64').length, 32);
  assert.deepEqual(webhook.generate?.({ form: 'standard' }, { secret: of(24) }, random), {});
  assert.deepEqual(webhook.generate?.({ form: 'restcomm' }, {}, random), {});
});

test('settings and credentials are read, and what does not fit is told', () => {
  const read = (settings: Record<string, unknown>, secrets: Record<string, unknown>) => {
    const errors: FieldError[] = [];
    const [one, two] = [
      readFields(webhook.settings, settings, 'create', errors),
      readFields(webhook.secrets, secrets, 'create', errors),
    ];
    webhook.judge?.(one, two, errors);
    return errors.map((error) => error.field).sort();
  };
  assert.deepEqual(read({ url: 'https://a.example/x' }, {}), []);
  assert.deepEqual(read({ url: 'ftp://a.example' }, {}), ['url']);
  assert.deepEqual(read({ url: 'https://u:p@a.example' }, {}), ['url']);
  assert.deepEqual(read({ url: 'https://a.example', types: ['account.gone'] }, {}), ['types']);
  assert.deepEqual(read({ url: 'https://a.example', form: 'restcomm' }, {}), ['sid', 'token']);
  for (const headers of [
    { Host: 'a' },
    { 'webhook-id': 'a' },
    { 'Content-Type': 'a' },
    { A: 'a\r\nb: c' },
    { 'a b': 'c' },
    ['a'],
  ])
    assert.deepEqual(read({ url: 'https://a.example' }, { headers }), ['headers'], JSON.stringify(headers));
  assert.deepEqual(read({ url: 'https://a.example' }, { headers: { Authorization: 'Bearer abc' } }), []);
});

test('attempts are spread over three days, within the bounds of the system, and the receiver may ask for longer', () => {
  const bounds = { minMs: 0, maxMs: 86_400_000 };
  let total = 0;
  let attempts = 0;
  for (
    let delay = retryDelayMs(++attempts, bounds, null, 0);
    delay !== null;
    delay = retryDelayMs(++attempts, bounds, null, 0)
  )
    total += delay;
  assert.equal(attempts, 10);
  assert.ok(total > 3 * 86_400_000 && total < 4 * 86_400_000);
  assert.equal(retryDelayMs(1, bounds, null, 0), 5_000);
  assert.equal(retryDelayMs(1, bounds, 60_000, 0), 60_000);
  assert.equal(retryDelayMs(1, { minMs: 1, maxMs: 20 }, null, 1), 22);
});

test('the notification of an application server has the true type, and none where it has no word', async () => {
  const event = (before: string | null, standing: string, more: Partial<EventNews> = {}) =>
    ({
      account: '01234567-89ab-4def-8123-456789abcdef',
      before: before === null ? null : { standing: before, denied: [], intercepted: [] },
      after: { standing, denied: [], intercepted: [] },
      cause: 'hold.placed',
      profile: 'suspended',
      ...more,
    }) as EventNews; // All that is looked at.
  const typeOf = (one: EventNews) => notificationOf(one)?.type ?? null;
  assert.deepEqual(notificationOf(event('active', 'suspended')), {
    type: 'accountSuspended',
    accountSid: 'AC0123456789ab4def8123456789abcdef',
  });
  assert.equal(typeOf(event('suspended', 'closed', { cause: 'entity.closed', profile: null })), 'accountClosed');
  assert.equal(typeOf(event('suspended', 'active', { cause: 'hold.lifted' })), 'accountActivated');
  assert.equal(typeOf(event('active', 'suspended', { profile: 'inactive' })), 'accountInactivated');
  assert.equal(typeOf(event('active', 'limited', { profile: 'uninitialized' })), 'accountUninitialized');
  assert.equal(
    typeOf(event('limited', 'active', { profile: 'uninitialized', cause: 'hold.lifted' })),
    'accountActivated',
  );
  assert.equal(typeOf(event('active', 'limited', { profile: 'bad_payer' })), null);
  assert.equal(typeOf(event('suspended', 'limited', { cause: 'hold.lifted' })), 'accountActivated');
  assert.equal(typeOf(event(null, 'active', { cause: 'entity.created', profile: null })), null);

  const asked: { url: string | undefined; authorization: string | undefined; body: string }[] = [];
  const receiver = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ url: request.url, authorization: request.headers.authorization, body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const send = makeSendWebhook({ isPrivateAllowed: true, userAgent: 'test' });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/visual-designer/services/`;
  const settings = { url, form: 'restcomm', types: [] };
  const secrets = { sid: 'AC77', token: 'a:b' };
  await send(order(url, { settings, secrets, event: event('active', 'suspended') }));
  assert.equal((await send(order(url, { settings, secrets, event: event('active', 'limited') }))).type, 'skipped');
  receiver.close();
  assert.deepEqual(asked, [
    {
      url: '/visual-designer/services/notifications',
      authorization: `Basic ${Buffer.from('AC77:a:b').toString('base64')}`,
      body: '[{"type":"accountSuspended","accountSid":"AC0123456789ab4def8123456789abcdef"}]',
    },
  ]);
});
