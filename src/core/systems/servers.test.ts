/** What Kamailio, PowerDNS and Dovecot are told, for sequences of holds on one node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { type Action, maskOf } from '#core/action.ts';
import type { Json, Values } from '#core/field.ts';
import { type ProfileFacts, type SystemKind, type TargetFacts, sameState } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';

const PROFILES = {
  fraud: profile('end', ['register', 'call.out', 'call.in', 'dns', 'mail.read', 'mail.send']),
  suspended: profile('finish', ['register', 'call.out', 'call.in', 'dns', 'mail.read', 'mail.send']),
  limited: profile('finish', ['call.out', 'mail.send']),
  cut: profile('end', ['call.out']),
  mute: profile('end', ['mail.send']),
  // What is intercepted goes on by another way: nothing of it is ended.
  garden: profile('end', [], ['call.out', 'call.in', 'dns'], { answer: 'parked', addresses: ['192.0.2.80'] }),
  parking: profile('finish', ['dns'], [], { answer: 'parked', addresses: ['192.0.2.81'], ttl: 5 }),
  vanish: profile('finish', ['dns'], [], { answer: 'nxdomain' }),
} as const;
type Name = keyof typeof PROFILES;

function profile(
  sessions: 'finish' | 'end',
  denied: readonly Action[],
  intercepted: readonly Action[] = [],
  settings: Json = null,
): Omit<ProfileFacts, 'name'> {
  return { sessions, denied: maskOf(denied), intercepted: maskOf(intercepted), refusalText: 'Account held', settings };
}

/** What holds a node: `fraud@7` came into force at 7; `closed` and `owner closed` are lifecycle. */
function factsOf(held: string): TargetFacts {
  const words = held.split(' + ').filter((word) => word !== '-');
  const profiles = words
    .filter((word) => word.includes('@'))
    .map((word): ProfileFacts => {
      const [name, since] = word.split('@') as [Name, string];
      return { ...PROFILES[name], name, ...(since === '' ? {} : { since: Number(since) }) };
    });
  const mask = (which: 'denied' | 'intercepted') => profiles.reduce((all, one) => all | one[which], 0);
  return {
    kind: 'account',
    values: {},
    reference: {},
    denied: mask('denied'),
    intercepted: mask('intercepted') & ~mask('denied'),
    closed: words.includes('closed'),
    ownerClosed: words.includes('owner closed'),
    profiles,
  };
}

/** What is told step by step; a step in brackets is overtaken by the next one before it is told. */
function toldBy(kind: SystemKind, steps: string, settings: Values): string {
  let applied: Json = null;
  const verbs: string[] = [];
  for (const step of steps.split(' > ')) {
    if (step.startsWith('(')) continue;
    const to = kind.desired(factsOf(step), settings);
    const verb = kind.verb(applied, to);
    assert.equal(kind.verb(to, to), null, 'what is confirmed is told no more');
    verbs.push(verb ?? '-');
    applied = to;
  }
  return verbs.join(' | ');
}

const ALL = 'end calls and registrations';

const TABLE: readonly (readonly [steps: string, kamailio: string, powerdns: string, dovecot: string])[] = [
  // A hold that ends sessions, and its end.
  ['fraud@1', ALL, 'purge', 'end sessions'],
  ['fraud@', ALL, 'purge', 'end sessions'],
  ['fraud@1 > -', `${ALL} | -`, 'purge | purge', 'end sessions | -'],
  ['- > fraud@1 > fraud@1', `- | ${ALL} | -`, '- | purge | -', '- | end sessions | -'],
  // One that lets them finish.
  ['suspended@1 > -', '- | -', 'purge | purge', '- | -'],
  ['limited@1 > -', '- | -', '- | -', '- | -'],
  ['limited@1 > suspended@2 + limited@1', '- | -', '- | purge', '- | -'],
  // Fraud after dunning, and dunning after fraud.
  ['suspended@1 > fraud@2 + suspended@1', `- | ${ALL}`, 'purge | purge', '- | end sessions'],
  ['fraud@1 > fraud@1 + suspended@2', `${ALL} | -`, 'purge | purge', 'end sessions | -'],
  ['fraud@1 > fraud@1 + limited@2', `${ALL} | -`, 'purge | -', 'end sessions | -'],
  ['fraud@1 + suspended@2 > suspended@2 > -', `${ALL} | - | -`, 'purge | - | purge', 'end sessions | - | -'],
  ['fraud@1 + suspended@2 > fraud@1 > -', `${ALL} | - | -`, 'purge | - | purge', 'end sessions | - | -'],
  // Lifted and placed anew: told again, also where the lift was overtaken.
  ['fraud@1 > - > fraud@3', `${ALL} | - | ${ALL}`, 'purge | purge | purge', 'end sessions | - | end sessions'],
  ['fraud@1 > (-) > fraud@3', `${ALL} | ${ALL}`, 'purge | purge', 'end sessions | end sessions'],
  ['(fraud@1) > -', '-', '-', '-'],
  ['- > (fraud@1) > -', '- | -', '- | -', '- | -'],
  [
    'fraud@3 > (-) > (suspended@4) > fraud@5 + suspended@4',
    `${ALL} | ${ALL}`,
    'purge | purge',
    'end sessions | end sessions',
  ],
  // Two of one kind: the lift of either ends nothing.
  ['fraud@2 > fraud@1', `${ALL} | -`, 'purge | -', 'end sessions | -'],
  // Parts.
  ['cut@1 > fraud@2 + cut@1', `end calls | ${ALL}`, '- | purge', '- | end sessions'],
  ['fraud@1 > fraud@1 + cut@2 > cut@2', `${ALL} | end calls | -`, 'purge | - | purge', 'end sessions | - | -'],
  ['mute@1 > mute@1 + suspended@2', '- | -', '- | purge', 'end sessions | -'],
  ['garden@1 > -', '- | -', 'purge | purge', '- | -'],
  // What names are answered with.
  ['parking@1 > parking@1 + vanish@2 > vanish@2 > -', '- | - | - | -', 'purge | purge | - | purge', '- | - | - | -'],
  ['garden@1 > parking@2 + garden@1 > garden@1', '- | - | -', 'purge | purge | purge', '- | - | -'],
  // Closing is for ever, and ends everything.
  ['closed', ALL, 'purge', 'end sessions'],
  ['owner closed > -', `${ALL} | -`, 'purge | purge', 'end sessions | -'],
  ['suspended@1 > suspended@1 + closed > closed', `- | ${ALL} | -`, 'purge | purge | -', '- | end sessions | -'],
  ['fraud@1 > (-) > closed', `${ALL} | ${ALL}`, 'purge | purge', 'end sessions | end sessions'],
];

for (const [steps, ...expected] of TABLE)
  test(`told for ${steps}`, () => {
    for (const [index, name] of (['kamailio', 'powerdns', 'dovecot'] as const).entries())
      assert.equal(toldBy(SYSTEM_KIND[name], steps, {}), expected[index], name);
  });

test('hash tables are read again with every change of standing, the lift too', () => {
  const settings = { tables: ['held'] };
  const { kamailio } = SYSTEM_KIND;
  assert.equal(toldBy(kamailio, '- > limited@1 > -', settings), '- | reload tables | reload tables');
  assert.equal(
    toldBy(kamailio, 'fraud@1 > fraud@1 + limited@2 > -', settings),
    `${ALL}, reload tables | - | reload tables`,
  );
});

test('what is answered for names is what the views answer', () => {
  const dns = (held: string) => SYSTEM_KIND.powerdns.desired(factsOf(held), {});
  assert.deepEqual(dns('-'), { dns: 'own' });
  assert.deepEqual(dns('limited@1'), { dns: 'own' });
  assert.deepEqual(dns('closed'), { dns: 'gone' });
  assert.deepEqual(dns('fraud@3 + vanish@4 + parking@5'), { dns: 'refused', since: 5 });
  assert.deepEqual(dns('vanish@4 + parking@5'), { dns: 'nxdomain', since: 5 });
  assert.deepEqual(dns('garden@9 + parking@5'), { dns: 'parked', addresses: ['192.0.2.81'], ttl: 5, since: 5 });
  assert.deepEqual(dns('garden@9'), { dns: 'parked', addresses: ['192.0.2.80'], ttl: null, since: 9 });
});

test('states are plain JSON that stands a round trip', () => {
  for (const [steps] of TABLE)
    for (const step of steps.split(' > ').filter((word) => !word.startsWith('(')))
      for (const name of ['kamailio', 'powerdns', 'dovecot'] as const) {
        const state = SYSTEM_KIND[name].desired(factsOf(step), { tables: ['held'] });
        assert.ok(sameState(state, JSON.parse(JSON.stringify(state)) as Json), `${name}: ${step}`);
      }
});

/** A step of a history: a hold by a profile, or the lift of one of those in force; and whether it is told before the next. */
const steps = fc.array(
  fc.record({
    place: fc.constantFrom(...(Object.keys(PROFILES) as Name[])),
    lift: fc.option(fc.nat(8)),
    isTold: fc.boolean(),
  }),
  { maxLength: 24 },
);

/** Walks through a history; `told` sees what is in force, what was delivered last, and whether only lifts lie between. */
function walk(
  history: readonly { place: Name; lift: number | null; isTold: boolean }[],
  seen: (facts: TargetFacts) => void,
  told: (facts: TargetFacts, between: { readonly isLiftedOnly: boolean; readonly after: number }, text: string) => void,
): void {
  const held = new Map<number, Name>();
  let [isLiftedOnly, after] = [true, 0];
  for (const [at, { place, lift, isTold }] of history.entries()) {
    const lifted = lift === null ? undefined : [...held.keys()][lift];
    if (lifted !== undefined) held.delete(lifted);
    else {
      held.set(at + 1, place);
      isLiftedOnly = false;
    }
    const text = [...held].map(([since, name]) => `${name}@${since}`).join(' + ') || '-';
    const facts = factsOf(text);
    seen(facts);
    if (!isTold) continue;
    told(facts, { isLiftedOnly, after }, text);
    [isLiftedOnly, after] = [true, at + 1];
  }
}

test('whatever the order, calls that may have begun in a direction end when it is denied, and a lift ends nothing', () => {
  const { kamailio } = SYSTEM_KIND;
  fc.assert(
    fc.property(steps, (history) => {
      let applied: Json = kamailio.desired(factsOf('-'), {});
      // In which directions calls may have begun since calls were ended last.
      let begun = maskOf(['call.out', 'call.in']);
      const open = ({ denied }: TargetFacts) => maskOf(['call.out', 'call.in']) & ~denied;
      walk(
        history,
        (facts) => (begun |= open(facts)),
        (facts, { isLiftedOnly }, text) => {
          const desired = kamailio.desired(facts, {});
          const verb = kamailio.verb(applied, desired);
          const isDue = facts.profiles.some(({ sessions, denied }) => sessions === 'end' && (denied & begun) !== 0);
          if (isLiftedOnly) assert.equal(verb, null, text);
          else if (isDue) assert.match(verb ?? 'nothing', /calls/, text);
          if (verb?.includes('calls') === true) begun = open(facts);
          applied = desired;
        },
      );
    }),
    { numRuns: 2_000 },
  );
});

test('whatever the order, an answer that may be kept is purged once another counts', () => {
  const { powerdns } = SYSTEM_KIND;
  const withoutSince = (state: Json) => JSON.stringify({ ...(state as Readonly<Record<string, Json>>), since: 0 });
  fc.assert(
    fc.property(steps, (history) => {
      let applied: Json = powerdns.desired(factsOf('-'), {});
      let kept = new Set([withoutSince(applied)]);
      walk(
        history,
        (facts) => kept.add(withoutSince(powerdns.desired(facts, {}))),
        (facts, { after }, text) => {
          const desired = powerdns.desired(facts, {});
          const verb = powerdns.verb(applied, desired);
          const isOther = withoutSince(applied) !== withoutSince(desired);
          const denies = (one: ProfileFacts) => (one.denied & maskOf(['dns'])) !== 0;
          const isNew = facts.profiles.some((one) => denies(one) && (one.since ?? 0) > after);
          // The same answer as was told last, for no newer reason: what came and went in between was overtaken, and is not told.
          if (isOther || (kept.size > 1 && isNew)) assert.equal(verb, 'purge', text);
          if (verb !== null) kept = new Set([withoutSince(desired)]);
          applied = desired;
        },
      );
    }),
    { numRuns: 2_000 },
  );
});
