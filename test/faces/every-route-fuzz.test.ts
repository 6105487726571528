/**
 * Every route of the account APIs, asked what nobody should ask, by an account that may do all of it: nothing is answered
 * as a fault of the server, in a form that is none of the face's, or with what is inside. Routes and the names that they
 * read are found by themselves: routes as they are registered, names in the files that read them.
 */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, readdirSync } from 'node:fs';
import { after, test } from 'node:test';

import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { XMLValidator } from 'fast-xml-parser';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { hostileText } from '#test/hostile.ts';
import { testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const RUNS = 15;
const SEED = Number(process.env['ABEYANCE_TEST_SEED'] ?? Date.now() % 2 ** 31);

const routes: { readonly method: string; readonly url: string }[] = [];
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }; // As Fastify documents its channel.
  fastify.addHook('onRoute', ({ method, url }) => {
    if (!url.startsWith(RESTCOMM_BASE) && !url.startsWith(TWILIO_BASE)) return;
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push({ method: each, url });
  });
});

const here = await testInstallation({ after });
const account = await addAccount(here.context);
const other = await addAccount(here.context);
await here.follow();

/** Words in the files of the two faces and of what they share that look like names of parameters. */
const names = [
  ...new Set(
    ['restcomm/routes', 'twilio/routes', 'restcomm', 'twilio', 'shared'].flatMap((folder) => {
      const path = new URL(`../../src/faces/${folder}/`, import.meta.url);
      return readdirSync(path)
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .flatMap((file) => readFileSync(new URL(file, path), 'utf8').match(/'[A-Z][A-Za-z]+'/g) ?? [])
        .map((quoted) => quoted.slice(1, -1));
    }),
  ),
];

const SID = 'AP0123456789abcdef0123456789abcdef';
const HARD = [
  SID,
  account.sid,
  other.sid,
  '',
  '-1',
  '1e308',
  'NaN',
  '99999999999999999999',
  'true',
  'active',
  '+31208005100',
];
const value = fc.oneof(fc.constantFrom(...HARD), hostileText);
const encode = (text: string) => encodeURIComponent(text.toWellFormed());
/** Most often the account itself, and never one that could be stopped by the status that is drawn. */
const part = fc
  .oneof({ weight: 3, arbitrary: fc.constantFrom(SID, other.sid, 'x@y.example') }, hostileText)
  .map(encode);
const form = fc.dictionary(fc.constantFrom(...names, '__proto__'), value, { maxKeys: 6, noNullPrototype: true });

test('routes and names are found', () => {
  assert.ok(routes.length > 100, String(routes.length));
  for (const name of ['FriendlyName', 'Status', 'PhoneNumber', 'PageSize']) assert.ok(names.includes(name), name);
});

test('every route takes whatever comes, and never fails', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  for (const { method, url } of routes) {
    const request = fc.record({
      parts: fc.array(part, { minLength: 4, maxLength: 4 }),
      query: form,
      body: form,
      suffix: fc.constantFrom('', '.json'),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ parts, query, body, suffix }) => {
        let taken = 0;
        const path = url
          .split('/')
          .map((segment) => {
            if (!segment.startsWith(':')) return segment;
            // What lies under the account is judged to its end; the account itself is left as it is.
            return segment === ':account' && !url.endsWith('/Accounts/:account')
              ? account.sid
              : (parts[taken++] ?? SID);
          })
          .join('/');
        const asked = `${path}${suffix}?${new URLSearchParams(wellFormed(query)).toString()}`.slice(0, 7_000);
        const rest = restAs(here.app, '', account);
        const answer = await rest(method as 'GET', asked, method === 'GET' ? undefined : wellFormed(body)); // As Fastify has it.
        judge(answer, `${method} ${asked}\n${JSON.stringify(body)}\n${answer.status} ${answer.text.slice(0, 300)}`);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  }
});

function wellFormed(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, text.toWellFormed()]));
}

/** 503 is the answer to a use for which nothing is connected. */
function judge(
  { status, text, headers }: { status: number; text: string; headers: Record<string, unknown> },
  said: string,
) {
  assert.ok((status >= 200 && status < 500) || status === 503, said);
  assert.doesNotMatch(text, /"code":"bug"|at file:|\.ts:\d|FST_ERR|\b(?:22P02|42P01|22021)\b/, said);
  const type = String(headers['content-type'] ?? '');
  assert.doesNotMatch(type, /problem\+json/, said);
  if (/xml/.test(type)) assert.equal(XMLValidator.validate(text), true, said);
}
