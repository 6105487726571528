import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decision, entity, hold, plan, reason, RESELLER_ID, standing } from '#cli/canned-views.ts';
import { plain } from '#cli/terminal.ts';
import { actionsIn, ALL_ACTIONS, ALL_BUT_EMERGENCY } from '#core/action.ts';
import { changeLine } from './change-line.ts';
import { holdTable } from './hold-table.ts';
import { planLines } from './plan-lines.ts';
import { tableLines } from './table.ts';
import { treeLines } from './tree-lines.ts';
import { decisionLines, whyLines } from './why-lines.ts';
import { entitiesText, kindWord, listText, timeText } from './words.ts';

const chain = [{ id: RESELLER_ID, kind: 'account' as const, label: 'North', number: 3 }];

test('a table aligns its columns, numbers to the right, colours without width', () => {
  const lines = tableLines(
    [
      { name: 'a', count: '1' },
      { name: '\u001b[31mlonger\u001b[39m', count: '1,000' },
    ],
    [
      { title: 'name', cell: (row) => row.name },
      { title: 'count', align: 'right', cell: (row) => row.count },
    ],
    plain,
  );
  assert.deepEqual(lines, ['name    count', 'a           1', '\u001b[31mlonger\u001b[39m  1,000']);
});

test('a table without rows has no header either', () => {
  assert.deepEqual(tableLines([], [{ title: 'name', cell: () => '' }], plain), []);
});

test('a tree draws branches, counts what it left out, and marks what it did not open', () => {
  const leaf = (label: string, isCut = false) => ({
    entity: entity({ kind: 'sip_domain', label }),
    children: [],
    more: [],
    isCut,
  });
  const root = {
    entity: entity({ standing: 'suspended' }),
    isCut: false,
    children: [{ ...leaf('one.example'), children: [leaf('inner.example')] }, leaf('two.example', true)],
    more: [{ kind: 'phone_number', count: 1200 }],
  };
  assert.deepEqual(treeLines(root, plain), [
    'Acme account suspended',
    '├─ one.example SIP domain active',
    '│  └─ inner.example SIP domain active',
    '├─ two.example SIP domain active …',
    '└─ … 1,200 more phone numbers',
  ]);
});

test('a plan shows counts by kind, with columns only for what there is', () => {
  assert.deepEqual(planLines('Closing account Acme', plan({ sip_account: 1200, account: 1 }), plain), [
    'Closing account Acme would change 1,201 entities of the 1,201 that it reaches.',
    '                changing',
    '  accounts             1',
    '  SIP accounts     1,200',
    'Made at revision 7, good until 2026-03-01 09:45:00 UTC.',
  ]);
});

test('a plan names the zones that others go on serving', () => {
  const lines = (count: number, names: readonly string[], isPartial?: true) => {
    const planned = plan({ account: 1 });
    const effect = { ...planned.effect, laggingZones: { count, names, ...(isPartial ? { isPartial } : {}) } };
    return planLines('Suspending account Acme', { ...planned, effect }, plain).at(-2);
  };
  const rest = 'foreign secondaries, which follow only when they transfer again:';
  assert.equal(lines(1, ['a.example']), `  1 zone has ${rest} a.example`);
  assert.equal(lines(1, ['a.example'], true), `  At least 1 zone has ${rest} a.example`);
  assert.equal(
    lines(1200, ['a.example', 'b.example']),
    `  1,200 zones have ${rest} a.example, b.example and 1,198 more`,
  );
});

test('why names profile, place, time, author and note of an inherited hold', () => {
  const denied = actionsIn(ALL_BUT_EMERGENCY);
  const lines = whyLines(
    entity({ kind: 'sip_account' }),
    standing({ standing: 'suspended', denied, reasons: [reason()] }),
    chain,
    plain,
  );
  assert.deepEqual(lines, [
    'SIP account Acme (number 17) is suspended.',
    '- suspended, inherited from account North (number 3)',
    '    since 2026-03-01 09:30:00 UTC, until somebody lifts it',
    '    placed by token:admin with the authority of the platform',
    '    note: invoice 4711',
    '    hold 33333333-3333-4333-8333-333333333333',
    'Nothing operates but emergency calls.',
  ]);
});

const whyRows = [
  { why: standing(), last: 'Account Acme (number 17) is active. Nothing holds it.', reason: 'nothing holds it' },
  {
    why: standing({
      standing: 'closed',
      denied: actionsIn(ALL_ACTIONS),
      reasons: [reason({ cause: 'closed', hold: null, profile: null, authority: null })],
    }),
    last: 'Nothing operates, emergency calls included.',
    reason: 'closed means everything',
  },
  {
    why: standing({
      standing: 'limited',
      denied: ['message.out'],
      reasons: [reason({ inherited: false, via: 'self' })],
    }),
    last: 'Still possible: register, call.out, call.in, call.emergency, message.in, api, sign_in, dns, mail.read, mail.send, mail.receive, provision.',
    reason: 'what goes on working is said too',
  },
];
for (const { why, last, reason: because } of whyRows)
  test(`why ends with what it means: ${because}`, () =>
    assert.equal(whyLines(entity(), why, chain, plain).at(-1), last));

const places = [
  { more: { inherited: false, via: 'self' }, line: '- suspended, placed on itself', reason: 'its own hold' },
  {
    more: { via: 'owner' },
    line: "- suspended, inherited from the owner's side: account North (number 3)",
    reason: "an owner's hold",
  },
  {
    more: { via: 'target' },
    line: '- suspended, held at what answers it: account North (number 3)',
    reason: "a target's hold",
  },
  {
    more: { cause: 'owner_closed' },
    line: '- its owner is closed since 2026-03-01 09:30:00 UTC: account North (number 3)',
    reason: 'a closed owner',
  },
] as const;
for (const { more, line, reason: because } of places)
  test(`why says where a reason lies: ${because}`, () =>
    assert.equal(
      whyLines(entity(), standing({ standing: 'suspended', reasons: [reason(more)] }), chain, plain)[1],
      line,
    ));

test('a refused decision tells the wording and who holds', () => {
  const refusal = { sip: 403, http: 403, text: 'Payment overdue', announcement: 'bad_payer', profile: 'bad_payer' };
  const lines = decisionLines(
    decision({ effect: 'intercept', refusal, reasons: [reason({ profile: 'bad_payer' })] }),
    new Map(),
    plain,
  );
  assert.deepEqual(lines.slice(0, 3), [
    'intercept: call.out for sip:alice@acme.example (revision 7)',
    '  answered with SIP 403, HTTP 403, "Payment overdue" and announcement bad_payer, worded by bad_payer',
    '  - bad_payer, inherited from North (number 3)',
  ]);
});

test('an unknown subject is told as such, and old knowledge with its age', () => {
  assert.match(
    decisionLines(decision({ effect: 'unknown', staleForMs: 1500 }), new Map(), plain).join(),
    /nobody is known as sip:alice.*1500 ms behind/,
  );
});

test('holds in force come first, scheduled and ended ones say so', () => {
  const lines = holdTable(
    [
      hold({ profile: 'old', inForce: false, endedAt: '2026-03-02T00:00:00.000Z', endCause: 'lifted' }),
      hold({ profile: 'later', inForce: false, activatedAt: null, startsAt: '2027-01-01T00:00:00.000Z' }),
      hold({ profile: 'now', note: 'why', externalRef: 'INV-1' }),
    ],
    plain,
  );
  assert.match(lines[1] ?? '', /^now +in force .* why \(INV-1\)/);
  assert.match(lines[2] ?? '', /^old +ended: lifted/);
  assert.match(lines[3] ?? '', /^later +scheduled .* 2027-01-01 00:00:00 UTC/);
});

test('a change is one line with its facts cut short', () => {
  const line = changeLine(
    {
      revision: 9,
      at: '2026-03-01T09:30:00.000Z',
      actor: 'token:admin',
      kind: 'hold.placed',
      entity: null,
      facts: { note: 'x'.repeat(300) },
    },
    plain,
  );
  assert.match(line, /^9 {2}2026-03-01 09:30:00 UTC {2}hold\.placed {2}by token:admin {2}note=x+…$/);
});

test('words follow number, time and kind', () => {
  assert.equal(kindWord('sip_alias', 2), 'SIP aliases');
  assert.equal(kindWord('fax_line', 2), 'fax_line', 'a kind of a newer server stays as it is');
  assert.equal(entitiesText(1), '1 entity');
  assert.equal(listText(['a', 'b', 'c']), 'a, b and c');
  assert.equal(timeText('2026-03-01T10:30:00+01:00'), '2026-03-01 09:30:00 UTC');
});
