/**
 * What was, told by the log alone: after every step of random histories views and standings are noted, and asked for
 * again at the end. `ABEYANCE_TEST_SEED` plays the histories of an earlier run again.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Kind } from '#core/kind.ts';
import { restUntil } from '#core/number-rest.ts';
import { readPastEntity, readPastStanding } from '#operations/as-of/read-past.ts';
import { restSettings } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { readStanding } from '#operations/explain-standing.ts';
import { putProfile } from '#operations/put-profile.ts';
import { placeHold } from '#operations/place-hold.ts';
import { readEntity } from '#operations/read-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { type Tally, makeHistory } from '#test/history.ts';
import { play } from '#test/history-player.ts';
import { randomSteps } from '#test/history-steps.ts';
import { makeCast } from '#test/history-world.ts';
import { ADMIN, TOKEN, testInstallation } from '#test/installation.ts';
import { headOf } from '#test/outcomes.ts';

import { makeRandom, pick } from '../scripts/random.ts';

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const HISTORIES = 24;

const here = await testInstallation({ after: (work) => after(work) });
const { context } = here;

/** What was seen of an entity, with the revision at which it was. */
interface Noted {
  readonly revision: number;
  readonly id: number;
  readonly view: Record<string, unknown>;
  readonly standing: Record<string, unknown>;
}

/** Times of rows are those at which a transaction began, times of the log those at which it was committed. */
const TIMES = new Set(['createdAt', 'updatedAt', 'closedAt', 'quarantinedUntil', 'since']);

function compare(was: unknown, told: unknown, path: string): void {
  const name = path.split('.').at(-1) ?? '';
  if (TIMES.has(name) && typeof was === 'string' && typeof told === 'string') {
    assert.ok(was <= told, `${path}: ${was} was before ${told}`);
    return;
  }
  if (typeof was !== 'object' || was === null || typeof told !== 'object' || told === null) {
    assert.deepEqual(told, was, path);
    return;
  }
  assert.deepEqual(Object.keys(told).sort(), Object.keys(was).sort(), path);
  for (const [key, value] of Object.entries(was))
    compare(value, (told as Record<string, unknown>)[key], `${path}.${key}`);
}

async function note(ids: readonly number[]): Promise<Noted[]> {
  await here.follow();
  const revision = await headOf(here);
  const noted: Noted[] = [];
  for (const id of ids)
    noted.push({
      revision,
      id,
      view: { ...(await readEntity(context, ADMIN, id)) },
      standing: { ...(await readStanding(context, ADMIN, id)) },
    });
  return noted;
}

async function compareAll(noted: readonly Noted[]): Promise<void> {
  for (const { revision, id, view, standing } of noted) {
    const { revision: toldRevision, at, ...told } = await readPastEntity(context, ADMIN, id, String(revision));
    assert.equal(toldRevision, revision);
    assert.ok(at);
    compare(view, told, `entity ${id} at ${revision}`);
    const { at: _at, ...toldStanding } = await readPastStanding(context, ADMIN, id, String(revision));
    compare({ ...standing, revision, staleForMs: 0 }, toldStanding, `standing of ${id} at ${revision}`);
  }
}

test('after any history the log tells what every entity was after each step of it', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = makeRandom(seed);
  const cast = await makeCast(here);
  const tally: Tally = { histories: 0, operations: 0, refused: 0, recurrences: 0, standings: 0, deepest: 0 };
  const noted: Noted[] = [];
  for (let n = 0; n < HISTORIES; n++) {
    const history = makeHistory(`history ${n} of seed ${seed}`, randomSteps(random));
    for (const step of history.steps) {
      await play(here, cast, [{ ...history, steps: [step] }], tally);
      const open = history.world.nodes;
      if (open.length > 0 && random() < 0.5) {
        const node = pick(open, random());
        // What lies beneath something closed is refused; that is a step without an effect.
        await updateEntity(context, ADMIN, node.id, changeOf(node.kind, random)).catch(() => undefined);
      }
      if (random() < 0.1)
        await putProfile(context, ADMIN, 'diverted', {
          denied: ['dns'],
          intercepted: ['call.in', 'message.in', 'provision'],
          severity: Math.floor(random() * 1000),
        });
      noted.push(...(await note([0, ...open.map((each) => each.id)])));
    }
  }
  await compareAll(noted);
  t.diagnostic(`${noted.length} views and standings of ${tally.operations} operations, ${tally.refused} refused`);
  assert.ok(noted.length > 500);
});

/** A change of fields that are part of no name. */
function changeOf(kind: Kind, random: () => number): Record<string, unknown> {
  const word = pick(['red', 'green', null], random());
  switch (kind) {
    case 'account':
      return {
        name: `Named ${Math.floor(random() * 9)}`,
        city: word,
        initialized: random() < 0.5,
        properties: word === null ? [] : [{ name: word }],
      };
    case 'sip_account':
      return {
        firstName: word,
        enabled: random() < 0.5,
        groups: word === null ? [] : [word],
        callLimit: random() < 0.5 ? null : 3,
      };
    case 'phone_number':
      return { friendlyName: word, smsCapable: random() < 0.5 };
    case 'mailbox':
      return { displayName: word };
    case 'sip_domain':
      return { certificate: word, verifyCert: random() < 0.5 };
    default:
      return { name: word, properties: { word } };
  }
}

test('names, places and profiles are told as they were before they changed', async () => {
  const make = async (input: Record<string, unknown>) => (await createEntity(context, ADMIN, input)).value.number;
  const noted: Noted[] = [];
  const firm = await make({ kind: 'account', name: 'Firm', reference: 'K-1' });
  const domain = await make({ kind: 'sip_domain', domain: 'as-of.example', parent: firm });
  const alice = await make({ kind: 'sip_account', username: 'alice', parent: domain, password: 'a long password' });
  const alias = await make({ kind: 'sip_alias', username: 'ally', target: alice, parent: domain });
  const number = await make({ kind: 'phone_number', sipNumber: '200', domain, parent: firm, target: alias });
  const peer = await make({ kind: 'trusted_peer', address: '192.0.2.9', parent: firm });
  const zone = await make({ kind: 'dns_zone', name: 'as-of.example', parent: firm, ttl: 60 });
  const record = await make({
    kind: 'dns_record',
    name: 'www.as-of.example',
    type: 'A',
    value: '192.0.2.1',
    parent: zone,
  });
  const all = [firm, domain, alice, alias, number, peer, zone, record];
  noted.push(...(await note(all)));
  await updateEntity(context, ADMIN, alice, { username: 'alicia', password: 'another long password' });
  await updateEntity(context, ADMIN, firm, { reference: 'K-2' });
  await updateEntity(context, ADMIN, record, { value: '192.0.2.2' });
  await placeHold(context, ADMIN, firm, { profile: 'limited', note: 'because', source: 'billing' });
  await putProfile(context, ADMIN, 'changing', { denied: ['api'], severity: 900 });
  await placeHold(context, ADMIN, alice, { profile: 'changing', source: 'desk' });
  noted.push(...(await note(all)));
  await putProfile(context, ADMIN, 'changing', {
    denied: ['dns', 'call.in'],
    intercepted: ['call.out'],
    severity: 100,
  });
  noted.push(...(await note(all)));
  await closeEntity(context, ADMIN, peer);
  noted.push(...(await note(all)));
  const other = await make({ kind: 'account', name: 'Another' });
  await make({ kind: 'trusted_peer', address: '192.0.2.9', parent: other });
  noted.push(...(await note(all)));
  await compareAll(noted);
});

test('a closed number is told with its rest, from the first closure above it, until another has its name', async () => {
  const make = async (input: Record<string, unknown>) => (await createEntity(context, ADMIN, input)).value.number;
  const outer = await make({ kind: 'account', name: 'Outer', reseller: true });
  const elsewhere = await make({ kind: 'account', name: 'Elsewhere', parent: outer });
  const inner = await make({ kind: 'account', name: 'Inner', parent: outer });
  const domain = await make({ kind: 'sip_domain', domain: 'rest.example', parent: inner });
  const [e164, owned] = ['+31208005100', '+31208005101'];
  const dutch = await make({ kind: 'phone_number', e164, parent: inner, country: 'NL' });
  const lent = await make({ kind: 'phone_number', e164: owned, parent: outer, owner: elsewhere });
  const extension = await make({ kind: 'phone_number', sipNumber: '300', domain, parent: inner });
  const all = [dutch, lent, extension];
  const noted: Noted[] = [...(await note(all))];
  const rests = async () => {
    const revision = String(await headOf(here));
    const views = [];
    for (const id of all) views.push(await readPastEntity(context, ADMIN, id, revision));
    return views.map((view) => view['quarantinedUntil']);
  };
  const restFrom = async (entity: number) => {
    const { rows } = await here.pool.query<{ at: Date }>(
      `select at from change where entity_id = $1 and kind = 'entity.closed'`,
      [entity],
    );
    const at = rows[0]?.at ?? assert.fail();
    return restUntil(at, 'NL', restSettings(context.settings)).toISOString();
  };
  await closeEntity(context, ADMIN, elsewhere);
  noted.push(...(await note(all)));
  assert.deepEqual(await rests(), [undefined, undefined, undefined], 'a closed owner begins no rest');
  await closeEntity(context, ADMIN, inner);
  noted.push(...(await note(all)));
  const first = await restFrom(inner);
  assert.deepEqual(await rests(), [first, undefined, undefined]);
  await closeEntity(context, ADMIN, outer);
  noted.push(...(await note(all)));
  assert.deepEqual(await rests(), [first, await restFrom(outer), undefined], 'a second closure begins none anew');
  const clock = () => new Date(Date.now() + 46 * 86_400_000);
  const heir = await make({ kind: 'account', name: 'Heir' });
  await createEntity({ ...context, clock }, ADMIN, { kind: 'phone_number', e164, parent: heir });
  noted.push(...(await note(all)));
  assert.deepEqual(await rests(), [undefined, await restFrom(outer), undefined], 'another has the name');
  await compareAll(noted);
});

test('a time is the last revision at or before it; before a creation there is nothing', async () => {
  const { value: first } = await createEntity(context, ADMIN, { kind: 'account', name: 'Timed' });
  const revision = await headOf(here);
  const { rows } = await here.pool.query<{ at: Date }>('select at from change where revision = $1', [revision]);
  const at = rows[0]?.at ?? assert.fail();
  while (Date.now() <= at.getTime()) await here.follow(); // The next change lies in another millisecond.
  await updateEntity(context, ADMIN, first.id, { name: 'Later' });
  assert.equal((await readPastEntity(context, ADMIN, first.id, at.toISOString()))['name'], 'Timed');
  assert.equal((await readPastEntity(context, ADMIN, first.id, at.toISOString())).revision, revision);
  const before = new Date(at.getTime() - 1).toISOString();
  await assert.rejects(readPastEntity(context, ADMIN, first.id, before), { code: 'not_found' });
  await assert.rejects(readPastStanding(context, ADMIN, first.id, String(revision - 1)), { code: 'not_found' });
  await assert.rejects(readPastEntity(context, ADMIN, first.id, '999999999'), { code: 'invalid' });
  await assert.rejects(readPastEntity(context, ADMIN, first.id, 'last week'), { code: 'invalid' });
  await assert.rejects(readPastEntity(context, ADMIN, first.id, '2999-01-01T00:00:00Z'), { code: 'invalid' });
  const response = await here.app.inject({
    url: `/v1/entities/${first.id}?at=${encodeURIComponent(at.toISOString())}`,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  assert.equal(response.json<{ name: string }>().name, 'Timed');
});
