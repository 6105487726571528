/** Who may do what: every route, by every role, from every place, in every standing; held against a file that is read. */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { after, describe, test } from 'node:test';

import type { FastifyInstance } from 'fastify';

import { assertGolden } from '#test/golden.ts';
import { matrixText, type Outcomes } from '#test/matrix-golden.ts';
import { MATRIX } from '#test/matrix-routes.ts';
import type { MatrixRequest } from '#test/matrix-row.ts';
import type { Caller } from '#test/matrix-cast.ts';
import { makeMatrixWorld } from '#test/matrix-world.ts';
import { hashPassword } from '#operations/identity/password.ts';
import { type Answer, asking } from '#test/people.ts';

const GOLDEN_FILE = new URL('../docs/permission-matrix.md', import.meta.url);
/** What monitoring and readers of the documentation ask for, without any actor. */
const OPEN = /^\/(?:docs(?:\/|$)|healthz$|readyz$|metrics$)/;
/** Faces that have rows of their own. */
const OTHER_FACES = /^\/(?:restcomm|2010-04-01)\//;

/** Every route of the native face, told by the framework itself. */
const routes = new Set<string>();
diagnostics.subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }; // As Fastify documents it.
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat())
      if (each !== 'HEAD' && each !== 'OPTIONS' && !OPEN.test(url) && !OTHER_FACES.test(url))
        routes.add(`${each} ${url}`);
  });
});

const world = await makeMatrixWorld({ after: (work) => after(work) });
const ROWS = Object.values(MATRIX).flat();
const send = (caller: Caller, { method, url, payload, headers }: MatrixRequest): Promise<Answer> =>
  caller.ask(method, url, payload, headers);

test('every route is in the matrix', () => {
  assert.ok(routes.size > 40, 'the routes are known');
  assert.deepEqual(
    [...routes].filter((route) => !ROWS.some((row) => row.route === route)),
    [],
    'each needs a row in test/support/matrix-routes.ts',
  );
  assert.deepEqual(
    ROWS.filter((row) => !routes.has(row.route)).map((row) => row.route),
    [],
    'and each row a route',
  );
});

/** An id that nothing has, for each that something has. */
const unknownOf = (id: string) =>
  id.replace(/^.{8}/, (part) => [...part].toReversed().join('')).replace(/.{4}$/, '0000');
const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

describe('what an actor may not see is answered like what is not there', () => {
  const upward = world.callers.filter(
    ({ standing, role, place }) =>
      standing === 'active' &&
      (role === 'administrator' || role === 'auditor') &&
      ['stranger', 'sibling', 'child', 'grandchild'].includes(place),
  );
  const withIds = ROWS.filter((row) => JSON.stringify(row.ask(upward[0] as Caller)).match(UUIDS) !== null); // There are some.
  assert.deepEqual(
    [...routes].filter((route) => /:(?!name|revision)\w+/.test(route) && !withIds.some((row) => row.route === route)),
    [],
    'every route with an id is among them',
  );
  for (const caller of upward)
    test(`byte for byte, for ${caller.role} from the place of the ${caller.place}`, async () => {
      const mine = new Set([caller.account, caller.login, caller.ownKey, caller.ownSession]);
      for (const row of withIds) {
        const request = JSON.stringify(row.ask(caller));
        const ids = [...new Set(request.match(UUIDS))].filter((id) => !mine.has(id));
        if (ids.length === 0) continue;
        const theirs = await send(caller, JSON.parse(request));
        const nobodys = await send(
          caller,
          JSON.parse(ids.reduce((text, id) => text.replaceAll(id, unknownOf(id)), request)),
        );
        const back = ids.reduce((text, id) => text.replaceAll(unknownOf(id), id), nobodys.text);
        const plain = (text: string) => text.replace(/"staleForMs":\d+/g, '"staleForMs":0');
        assert.equal(plain(theirs.text), plain(back), `${row.route}: ${row.names.join(', ')}`);
        assert.deepEqual(headersOf(theirs), headersOf(nobodys), row.route);
      }
    });

  test('by every name that it has', async () => {
    const stranger = upward.find(({ place, role }) => place === 'stranger' && role === 'administrator');
    assert.ok(stranger !== undefined);
    const { tree, ask } = stranger;
    const { rows } = await world.here.pool.query('select id from entity where uuid = any ($1) order by id', [
      [tree.accounts.self, tree.leaf],
    ]);
    const pairs = [
      ...rows.map((row) => [String(row.id), String(99_999_999 + Number(row.id))] as const),
      [tree.leafName, tree.leafName.replace('leaf', 'fael')] as const,
      [`sip:${tree.domainName}`, `sip:x${tree.domainName}`] as const,
      ['ref:ref-t', 'ref:ref-none'] as const,
    ];
    for (const [there, nowhere] of pairs)
      for (const path of ['', '/holds', '/standing', '/explain', '/properties', '/logins', '/roles', '/children']) {
        const [theirs, nobodys] = [
          await ask('GET', `/v1/entities/${encodeURIComponent(there)}${path}`),
          await ask('GET', `/v1/entities/${encodeURIComponent(nowhere)}${path}`),
        ];
        assert.equal(theirs.status, 404);
        assert.equal(theirs.text, nobodys.text.replaceAll(nowhere, there), `${there}${path}`);
      }
    for (const [there, nowhere] of pairs) {
      const asked = async (subject: string) =>
        (await ask('GET', `/v1/decisions?action=call.in&subject=${encodeURIComponent(subject)}`)).text;
      assert.equal(await asked(there), (await asked(nowhere)).replaceAll(nowhere, there), there);
    }
  });
});

function headersOf({ headers }: Answer): Record<string, unknown> {
  const { 'abeyance-request-id': _id, date: _date, ...rest } = headers;
  return rest;
}

/** As many callers at once as keep the database and this process at work. */
const AT_ONCE = 6;

describe('the matrix', () => {
  test('signing in follows the standing of the account', async () => {
    const bosses = world.callers.filter(({ place, role }) => place === 'sibling' && role === 'administrator');
    const hash = await hashPassword('a long pass word');
    await world.here.pool.query('update login set password_hash = $1 where id = any ($2)', [
      hash,
      bosses.map(({ login }) => login),
    ]);
    const outcomes: Record<string, string> = {};
    for (const { standing, login } of bosses) {
      const { status, body } = await asking(world.app, null)('POST', '/v1/sessions', {
        login: `${login}@matrix.example`,
        password: 'a long pass word',
      });
      outcomes[standing] = status < 300 ? 'ok' : body['code'];
    }
    assert.deepEqual(outcomes, {
      active: 'ok',
      limited: 'ok',
      'held by itself': 'ok',
      suspended: 'forbidden',
      'suspended above': 'forbidden',
      closed: 'forbidden',
    });
  });

  test('is what docs/permission-matrix.md says', async () => {
    const outcomes: Outcomes = new Map();
    const waiting = [...world.callers];
    const work = async () => {
      for (let caller = waiting.shift(); caller !== undefined; caller = waiting.shift())
        for (const row of ROWS) {
          const found = row.read(await send(caller, row.ask(caller)));
          for (const [index, name] of row.names.entries()) {
            const { standing, place, role } = caller;
            outcomes.set(`${standing}/${place}/${role}/${name}`, found[index] ?? 'missing');
          }
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await assertGolden(GOLDEN_FILE, matrixText(outcomes));
  });
});
