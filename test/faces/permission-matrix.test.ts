/** Who may do what on the account APIs: every route, by every role, from every place; held against a file that is read. */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { after, test } from 'node:test';

import type { FastifyInstance } from 'fastify';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { faceMatrixText } from '#test/face-matrix-golden.ts';
import { type FaceRow, RESTCOMM_ROWS, TWILIO_ROWS, requestOf } from '#test/face-matrix-routes.ts';
import {
  FACE_OUTCASTS,
  FACE_PLACES,
  FACE_ROLES,
  type FaceOutcast,
  type FaceRole,
  makeFaceMatrixWorld,
} from '#test/face-matrix-world.ts';
import { assertGolden } from '#test/golden.ts';
import { basic } from '#test/people.ts';
import { forgetFailures, restWith } from '#test/telephony-world.ts';

const GOLDEN_FILE = new URL('../../docs/permission-matrix-faces.md', import.meta.url);

/** Every route that there is, told by the framework itself. */
const routes = new Set<string>();
diagnostics.subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }; // As Fastify documents it.
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD') routes.add(`${each} ${url}`);
  });
});

const world = await makeFaceMatrixWorld({ after: (work) => after(work) });
const FACES = [
  { face: 'Restcomm', base: RESTCOMM_BASE, rows: RESTCOMM_ROWS },
  { face: 'Twilio', base: TWILIO_BASE, rows: TWILIO_ROWS },
] as const;

test('every route of the account APIs has a row, and every row a route', () => {
  for (const { base, rows } of FACES) {
    const there = [...routes].flatMap((route) => {
      const [method, url = ''] = route.split(' ');
      return url.startsWith(`${base}/`) ? [`${method} ${url.slice(base.length)}`] : [];
    });
    assert.deepEqual(
      there.filter((route) => !rows.some((row) => row.route === route)),
      [],
      'each needs a row in test/support/face-matrix-routes.ts',
    );
    assert.deepEqual(
      rows.map((row) => row.route).filter((route) => !there.includes(route)),
      [],
    );
  }
});

async function ask(base: string, row: FaceRow, authorization: string | null, sid: string) {
  const { route } = row;
  const { method, path, form } = requestOf(row, sid);
  const answer = await restWith(world.here.app, base, authorization)(method, path, form);
  const code = answer.headers['x-abeyance-problem'];
  assert.equal(answer.status >= 400, code !== undefined, `${route}: every refusal tells its code, ${answer.status}`);
  assert.ok(answer.status < 500, `${route}: ${answer.text}`);
  return typeof code === 'string' ? `${answer.status} ${code}` : String(answer.status);
}

test('is what docs/permission-matrix-faces.md says', async () => {
  const outcomes = FACES.map(({ face, base, rows }) => ({
    face,
    base,
    lines: rows.map((row) => ({
      row,
      route: row.route,
      roles: new Map<string, string>(),
      outcasts: new Map<FaceOutcast, string>(),
    })),
  }));
  for (const role of Object.keys(FACE_ROLES) as FaceRole[]) {
    await world.wear(role);
    await Promise.all(
      FACE_PLACES.map(async (place) => {
        const { sid, token } = world.places[place];
        for (const { base, lines } of outcomes)
          for (const { row, roles } of lines)
            roles.set(`${place}/${role}`, await ask(base, row, basic(sid, token), world.places.self.sid));
      }),
    );
  }
  await world.wear('Administrator');
  for (const outcast of FACE_OUTCASTS) {
    const { authorization, sid } = world.outcasts[outcast];
    for (const { base, lines } of outcomes)
      for (const { row, outcasts } of lines) {
        if (outcast === 'wrong secret') await forgetFailures(world.here);
        outcasts.set(outcast, await ask(base, row, authorization, sid));
      }
  }
  await assertGolden(GOLDEN_FILE, faceMatrixText(outcomes));
});
