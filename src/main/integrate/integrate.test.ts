import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import pg from 'pg';

import { INTEGRATED_SERVERS } from '#cli/commands/integrate.ts';
import { migrate } from '#store/migrate.ts';
import { makePool } from '#store/database.ts';
import { makeFolder } from '#test/real-server.ts';
import { makeInstallation } from '#test/backup.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { makeTestFolder, startForTest } from '#main/database/database-for-test.ts';

import { accessFrom } from './database-access.ts';
import { type IntegrateOptions, canSignIn, integrate } from './integrate.ts';
import { type Manifest, listIntegrations } from './integration.ts';

const secretKey = TEST_SECRET.toString('base64');
const TEMPLATE = `host={{database_host}} port={{database_port}} dbname={{database_name}}
user={{database_user}} password={{database_password}}
greeting={{greeting}}
`;

interface Sample {
  /** The folder of the integrations, and that of the files. */
  readonly shipped: URL;
  readonly out: string;
  readonly role: string;
  readonly options: IntegrateOptions;
  readonly place: (databaseUrl: string) => Parameters<typeof integrate>[0];
}

/** An integration of its own for each test: roles are those of the whole cluster. */
async function makeSample(t: TestContext, manifest: Partial<Manifest> = {}, template = TEMPLATE): Promise<Sample> {
  const folder = await makeFolder(t, 'integrate');
  const role = `r${randomBytes(5).toString('hex')}`;
  await mkdir(join(folder, 'integrations/sample'), { recursive: true });
  const whole: Manifest = {
    title: 'Sample server',
    role,
    files: [
      { from: 'main.conf', to: 'conf/main.conf', secret: true },
      { from: 'open.conf', to: 'open.conf' },
    ],
    settings: [{ name: 'greeting', default: 'hello', note: 'What it says.', pattern: '[a-z]+' }],
    next: ['Start it with {{out}}/conf/main.conf as {{database_user}}'],
    ...manifest,
  };
  await writeFile(join(folder, 'integrations/sample/manifest.json'), JSON.stringify(whole));
  await writeFile(join(folder, 'integrations/sample/main.conf'), template);
  await writeFile(join(folder, 'integrations/sample/open.conf'), 'greeting={{greeting}}\n');
  const out = join(folder, 'out');
  return {
    shipped: pathToFileURL(`${folder}/integrations/`),
    out,
    role,
    options: { server: 'sample', out, settings: {}, database: {}, force: false, dryRun: false },
    place: (databaseUrl) => ({ dataFolder: join(folder, 'data'), databaseUrl, secretKey, newSecretKey: undefined }),
  };
}

async function passwordIn(out: string): Promise<string> {
  return /password=(\S+)/.exec(await readFile(join(out, 'conf/main.conf'), 'utf8'))?.[1] ?? '';
}

async function verifierOf(pool: pg.Pool, role: string): Promise<string | null> {
  const { rows } = await pool.query<{ rolpassword: string | null }>(
    'select rolpassword from pg_authid where rolname = $1',
    [`abeyance_${role}`],
  );
  return rows[0]?.rolpassword ?? null;
}

test('an integration makes the role, lets it sign in, and writes files that only their owner reads where they must', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const done = await integrate(sample.place(database.connectionString), sample.options, sample.shipped);
  const password = await passwordIn(sample.out);
  assert.match(password, /^[0-9a-f]{64}$/);
  assert.ok(await canSignIn(database.connectionString, sample.role, password));
  assert.match((await verifierOf(database.pool, sample.role)) ?? '', /^SCRAM-SHA-256\$4096:/);
  assert.equal((await stat(join(sample.out, 'conf/main.conf'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(sample.out, 'open.conf'))).mode & 0o777, 0o644);
  assert.deepEqual(done.next, [`Start it with ${sample.out}/conf/main.conf as abeyance_${sample.role}`]);
  assert.match(done.notes.join('\n'), /--database-host[\s\S]*rotate-secret/);
  assert.ok(!JSON.stringify(done).includes(password), 'the password is never told');
  assert.deepEqual((await readdir(sample.out)).toSorted(), ['conf', 'open.conf'], 'nothing unfinished is left');

  const verifier = await verifierOf(database.pool, sample.role);
  const again = await integrate(sample.place(database.connectionString), sample.options, sample.shipped);
  assert.deepEqual(
    again.files.map(({ state }) => state),
    ['same', 'same'],
  );
  assert.equal(await verifierOf(database.pool, sample.role), verifier, 'what is right already is not set again');
});

test('the statement that sets the password has no password in it', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const statements: string[] = [];
  const query = pg.Client.prototype.query; // oxlint-disable-line typescript/unbound-method -- it is called on each client below
  t.mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...given: [{ text?: string } | string]) {
    statements.push(typeof given[0] === 'string' ? given[0] : (given[0].text ?? ''));
    return Reflect.apply(query, this, given) as unknown;
  });
  await integrate(sample.place(database.connectionString), sample.options, sample.shipped);
  const password = await passwordIn(sample.out);
  assert.ok(statements.some((text) => text.includes('SCRAM-SHA-256')));
  assert.ok(statements.every((text) => !text.includes(password)));
});

test('files that say something else are shown and kept, and replaced only when that is asked for', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const place = sample.place(database.connectionString);
  await mkdir(join(sample.out, 'conf'), { recursive: true });
  await writeFile(join(sample.out, 'conf/main.conf'), 'password=by-hand\n');
  await writeFile(join(sample.out, 'real.conf'), 'greeting=other\n');
  await chmod(join(sample.out, 'real.conf'), 0o640);
  await symlink(join(sample.out, 'real.conf'), join(sample.out, 'open.conf'));
  await assert.rejects(integrate(place, sample.options, sample.shipped), (error: Error) => {
    assert.match(error.message, /--force replaces them/);
    assert.match(error.message, /- line 1: greeting=other\n.*\+ line 1: greeting=hello/);
    assert.match(error.message, /\+ line 2: user=\S+ password=\*{8}/);
    assert.doesNotMatch(error.message, /by-hand|[0-9a-f]{64}/);
    return true;
  });
  assert.equal(await verifierOf(database.pool, sample.role), null, 'nothing was changed');
  assert.equal(await readFile(join(sample.out, 'conf/main.conf'), 'utf8'), 'password=by-hand\n');

  const done = await integrate(place, { ...sample.options, force: true }, sample.shipped);
  assert.deepEqual(
    done.files.map(({ state }) => state),
    ['differs', 'differs'],
  );
  assert.equal((await stat(join(sample.out, 'conf/main.conf'))).mode & 0o007, 0, 'a file with a password is closed');
  assert.equal(await readFile(join(sample.out, 'real.conf'), 'utf8'), 'greeting=hello\n', 'the link is followed');
  assert.equal((await stat(join(sample.out, 'real.conf'))).mode & 0o777, 0o640, 'and its mode is kept');
});

test('a dry run shows the files without the password and changes nothing', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const place = sample.place(database.connectionString);
  const done = await integrate(
    place,
    { ...sample.options, dryRun: true, settings: { greeting: 'hoi' }, database: { host: 'db.example', port: 6432 } },
    sample.shipped,
  );
  assert.match(done.files[0]?.text ?? '', /host=db\.example port=6432[\s\S]*password=\*{8}\ngreeting=hoi/);
  await assert.rejects(stat(sample.out));
  assert.equal(await verifierOf(database.pool, sample.role), null);
});

test('wrong settings, passwords and hosts are refused by name, before anything is done', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const place = sample.place(database.connectionString);
  const short = join(sample.out, '..', 'short');
  await writeFile(short, 'short\n');
  const refused = (more: Partial<IntegrateOptions>) =>
    integrate(place, { ...sample.options, ...more }, sample.shipped).then(
      () => assert.fail('it was done'),
      (error: Error) => error.message,
    );
  assert.match(await refused({ server: 'apache' }), /^server: must be one of sample, not "apache"/);
  assert.match(
    await refused({ settings: { salute: 'x' } }),
    /^salute: is no setting of Sample server, which has greeting/,
  );
  assert.match(await refused({ settings: { greeting: 'A"' } }), /^greeting: must match/);
  assert.match(await refused({ passwordFile: short }), /^--password-file: .* 16 to 255/);
  assert.match(await refused({ passwordFile: '/nowhere' }), /^--password-file: .*ENOENT/);
  assert.match(await refused({ database: { host: 'a b' } }), /^--database-host: /);
  await assert.rejects(stat(sample.out));
});

test('a password of the operator is used instead', async (t) => {
  const database = await testDatabase(t);
  const sample = await makeSample(t);
  const file = join(sample.out, '..', 'password');
  await writeFile(file, 'a-password-of-the-operator\n');
  const place = sample.place(database.connectionString);
  await integrate(place, { ...sample.options, passwordFile: file }, sample.shipped);
  assert.equal(await passwordIn(sample.out), 'a-password-of-the-operator');
  assert.ok(await canSignIn(database.connectionString, sample.role, 'a-password-of-the-operator'));
  // Back to the derived one, where another node has written its files with it.
  await integrate(place, { ...sample.options, force: true }, sample.shipped);
  assert.ok(!(await canSignIn(database.connectionString, sample.role, 'a-password-of-the-operator')));
});

test('whoever may not make the role is told what a superuser has to run, and that is enough', async (t) => {
  const server = process.env['ABEYANCE_TEST_DATABASE'] ?? '';
  const owner = `owner_${randomBytes(5).toString('hex')}`;
  const sample = await makeSample(t);
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  t.after(async () => {
    await admin.query(`drop database if exists ${owner} with (force)`);
    await admin.query(`drop role if exists ${owner}, abeyance_${sample.role}`).catch(() => {});
    await admin.end();
  });
  await admin.query(`create role ${owner} login password 'of-the-owner'`);
  await admin.query(`create database ${owner} owner ${owner}`);
  const url = new URL(server);
  url.pathname = `/${owner}`;
  url.username = owner;
  url.password = 'of-the-owner';
  const pool = makePool({ connectionString: url.href });
  await migrate(pool);
  await pool.end();
  const told = await integrate(sample.place(url.href), sample.options, sample.shipped).then(
    () => assert.fail('it was done'),
    (error: Error) => error.message,
  );
  assert.match(told, new RegExp(`^${owner} may not make or change the role abeyance_${sample.role}\\.`));
  assert.doesNotMatch(told, /of-the-owner|SCRAM|password/);
  for (const statement of told.split('\n').slice(1)) await admin.query(statement);
  await integrate(sample.place(url.href), sample.options, sample.shipped);
  assert.ok(await canSignIn(url.href, sample.role, await passwordIn(sample.out)));
});

test('the embedded database is found while it runs, and named while it does not', async (t) => {
  const folder = await makeTestFolder(t);
  const sample = await makeSample(t);
  const place = { dataFolder: join(folder, 'data'), databaseUrl: undefined, secretKey, newSecretKey: undefined };
  const refused = () => integrate(place, sample.options, sample.shipped).then(String, (error: Error) => error.message);
  assert.match(await refused(), /There is no database in/);
  const server = await startForTest(t, folder, { secret: TEST_SECRET });
  assert.match(await refused(), /no schema "enforce"/);
  const pool = makePool(server);
  await makeInstallation(pool);
  await pool.end();
  const done = await integrate(place, sample.options, sample.shipped);
  assert.match(done.notes.join('\n'), /for this machine alone/);
  assert.ok(await canSignIn(server.connectionString, sample.role, await passwordIn(sample.out)));
  await server.stop();
  assert.match(await refused(), /does not run: start Abeyance/);
});

test('keys among the settings are written and never shown', async (t) => {
  const settings = [{ name: 'api_key', default: '', note: 'The key of the API.', pattern: '[a-z-]*' }];
  const files = [{ from: 'open.conf', to: 'open.conf', secret: true }];
  const sample = await makeSample(t, { role: null, settings, files, next: ['Use {{api_key}}'] });
  await writeFile(new URL('sample/open.conf', sample.shipped), 'key={{api_key}}\n');
  const options = { ...sample.options, settings: { api_key: 'a-secret-key' } };
  const dry = await integrate(sample.place('postgres://x'), { ...options, dryRun: true }, sample.shipped);
  assert.ok(!JSON.stringify(dry).includes('a-secret-key'));
  await integrate(sample.place('postgres://x'), options, sample.shipped);
  assert.equal(await readFile(join(sample.out, 'open.conf'), 'utf8'), 'key=a-secret-key\n');
});

test('TLS that DATABASE_URL demands is said in the files, or told when they cannot', async (t) => {
  const url = 'postgres://u:p@db.example/abeyance?sslmode=verify-full';
  assert.equal(accessFrom(url, 'x', 'y', {}).sslmode, 'verify-full');
  assert.equal(accessFrom(url.replace('verify-full', 'no-verify'), 'x', 'y', {}).sslmode, 'require');
  assert.throws(() => accessFrom(url.replace('verify-full', 'maybe'), 'x', 'y', {}), /DATABASE_URL: sslmode/);
  assert.equal(accessFrom('postgres://u:p@[2001:db8::1]:6000/abeyance', 'x', 'y', {}).host, '2001:db8::1');
  const database = await testDatabase(t);
  const sample = await makeSample(t, {}, `${TEMPLATE}sslmode={{database_sslmode}}\n`);
  const done = await integrate(
    sample.place(database.connectionString),
    { ...sample.options, dryRun: true },
    sample.shipped,
  );
  assert.match(done.files[0]?.text ?? '', /sslmode=(?:disable|prefer)\n/);
});

test('a server that reads no database needs none', async (t) => {
  const sample = await makeSample(t, { role: null, files: [{ from: 'open.conf', to: 'open.conf' }], next: [] });
  const done = await integrate(sample.place('postgres://nobody@127.0.0.1:1/x'), sample.options, sample.shipped);
  assert.equal(done.role, null);
  assert.equal(await readFile(join(sample.out, 'open.conf'), 'utf8'), 'greeting=hello\n');
});

test('every integration that is shipped can be named on the command line', async () => {
  const unknown = (await listIntegrations()).filter((name) => !INTEGRATED_SERVERS.some((known) => known === name));
  assert.deepEqual(unknown, []);
});
