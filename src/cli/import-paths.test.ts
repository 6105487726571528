import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Asked, problemAnswer, runCli, startCannedServer, type Answer } from './canned-server.ts';
import { ACME_ID, entity, RESELLER_ID } from './canned-views.ts';

interface Item {
  readonly op: string;
  readonly body: Record<string, unknown>;
}

const itemsOf = ({ body }: Asked): readonly Item[] => (body as { items: readonly Item[] }).items; // what an import sends

/** A bulk answer: what `problemOf` gives for an item is its problem, and all others are created. */
function bulk(problemOf: (item: Item) => object | null = () => null): Answer {
  return (asked) => {
    const items = itemsOf(asked).map((item, index) => {
      const problem = problemOf(item);
      return problem === null ? { index, status: 201, body: {} } : { index, status: 409, problem };
    });
    return { items, succeeded: 0, failed: 0 };
  };
}

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'abeyance-import-test-'));
  mkdirSync(join(path, 'zones'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const ACCOUNTS = 'reference,name,parent,reseller\nR-1,North,,yes\nC-1,Acme,R-1,no\n';

async function run(answers: Readonly<Record<string, Answer>>, args: readonly string[]) {
  const server = await startCannedServer(answers);
  try {
    return { ...(await runCli(server.url, args)), asked: server.asked };
  } finally {
    await server.stop();
  }
}

test('a folder is imported in the order in which things depend on each other', async () => {
  const path = folder({
    'mailboxes.csv': 'address,account\nbob@acme.example,C-1\n',
    'dids.csv': 'number,account\n+31208005100,C-1\n',
    'subscriber.csv': 'username,domain,password\nalice,acme.example,hush\n',
    'domains.csv': 'domain,account\nacme.example,C-1\n',
    'accounts.csv': ACCOUNTS,
    'zones/acme.example.zone':
      '$ORIGIN acme.example.\n@ 3600 IN SOA ns.acme.example. hostmaster.acme.example. 1 2 3 4 5\n',
  });
  const ran = await run({ 'POST /v1/bulk': bulk() }, ['import', path, '--json']);
  assert.equal(ran.code, 0, ran.err);
  const kinds = ran.asked.flatMap(itemsOf).map(({ body }) => body['kind']);
  assert.deepEqual(kinds, ['account', 'account', 'sip_domain', 'sip_account', 'phone_number', 'dns_zone', 'mailbox']);
  assert.deepEqual(JSON.parse(ran.out), { created: 7, existed: 0, failed: 0, refusals: [] });
  assert.match(ran.asked[0]?.path ?? '', /brief=true/);
});

test('bad lines and refused items are told as file, line and reason, and the rest is done', async () => {
  const path = folder({ 'accounts.csv': `${ACCOUNTS}C-2,,R-1,no\nC-3,Late,R-1,no\n` });
  const errors = join(path, '.refused');
  const refuse = bulk(({ body }) =>
    body['reference'] === 'C-3' ? { code: 'over_credit', detail: 'No credit is left.', errors: [] } : null,
  );
  const ran = await run({ 'POST /v1/bulk': refuse }, ['import', path, '--errors', errors]);
  assert.equal(ran.code, 6);
  assert.match(ran.out, /^2 created, 0 there already, 2 failed$/m);
  const lines = readFileSync(errors, 'utf8').trim().split('\n').toSorted();
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /\/accounts\.csv:4: name .+/);
  assert.equal(lines[1], `${join(path, 'accounts.csv')}:5: over_credit: No credit is left.`);
});

test('what is there already is compared, and told only where it differs', async () => {
  const path = folder({ 'accounts.csv': ACCOUNTS });
  const exists = bulk(({ body }) => ({
    code: 'exists',
    detail: 'It is there already.',
    errors: [],
    facts: { entity: body['reference'] === 'R-1' ? RESELLER_ID : ACME_ID },
  }));
  const answers = (acme: object): Record<string, Answer> => ({
    'POST /v1/bulk': exists,
    [`GET /v1/entities/${RESELLER_ID}`]: entity({
      id: RESELLER_ID,
      name: 'North',
      reference: 'R-1',
      reseller: true,
      parent: null,
    }),
    'GET /v1/entities/ref:R-1': entity({ id: RESELLER_ID }),
    [`GET /v1/entities/${ACME_ID}`]: { ...entity({ name: 'Acme', reference: 'C-1', reseller: false }), ...acme },
  });
  const same = await run(answers({}), ['import', path]);
  assert.deepEqual([same.code, same.out], [0, '0 created, 2 there already, 0 failed\n'], same.err);
  const other = await run(answers({ name: 'Acme Ltd' }), ['import', path]);
  assert.equal(other.code, 6);
  assert.match(other.err, /accounts\.csv:3: exists: it is there already, with another name/);
});

test('a failure of the server is no bad line: the import stops and can be started again', async () => {
  const path = folder({ 'accounts.csv': ACCOUNTS });
  const ran = await run(
    { 'POST /v1/bulk': bulk(() => ({ code: 'bug', detail: 'Something went wrong inside.', errors: [] })) },
    ['import', path],
  );
  assert.equal(ran.code, 1);
  assert.match(ran.err, /the server could not go on: Something went wrong inside\. Start the import again/);
  assert.equal(ran.out, '');
});

test('an import without a right to it ends with 4 before anything is told', async () => {
  const path = folder({ 'accounts.csv': ACCOUNTS });
  assert.equal(
    (await run({ 'POST /v1/bulk': problemAnswer(401, 'unauthenticated', 'Who are you?') }, ['import', path])).code,
    4,
  );
});

const wrongPaths = [
  { files: {}, args: [], message: /there is nothing to import/, reason: 'an empty folder' },
  {
    files: { 'x.bin': 'nothing known' },
    args: [],
    message: /x\.bin has no format that is known/,
    reason: 'an unknown file',
  },
  {
    files: { 'accounts.csv': ACCOUNTS },
    args: ['--domains', '/nowhere/at/all'],
    message: /\/nowhere\/at\/all cannot be read/,
    reason: 'no such mapping',
  },
];
for (const { files, args, message, reason } of wrongPaths)
  test(`an import is refused before anything is sent: ${reason}`, async () => {
    const ran = await run({}, ['import', folder(files), ...args]);
    assert.equal(ran.code, 2);
    assert.match(ran.err, message);
    assert.equal(ran.asked.length, 0);
  });
