import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportHeader, parseJsonLines } from './json-lines.ts';
import { collect, memoryFiles } from './memory-files.ts';

const parse = (text: string) => collect(parseJsonLines('f', { open: memoryFiles({ f: text }) }));

test('an export is read back as it was written', async () => {
  const items = [
    { op: 'create', body: { kind: 'account', name: 'Ünïcode', reference: 'C1' } },
    { op: 'hold', entity: 'ref:C1', body: { profile: 'suspended' } },
    { op: 'close', entity: 'ref:C1' },
  ];
  const parsed = await parse(
    `${exportHeader({ revision: 7 })}\r\n${items.map((item) => JSON.stringify(item)).join('\r\n')}`,
  );
  assert.deepEqual(parsed, { items, lines: [2, 3, 4], bad: [] });
});

const wrongFiles = [
  { text: '', reason: /empty/, why: 'nothing' },
  { text: '{"op":"close","entity":"ref:C1"}\n', reason: /header/, why: 'no header' },
  {
    text: '{"abeyance":"export","format":2}\n',
    reason: /format 2, this release reads format 1/,
    why: 'a later format',
  },
];
for (const { text, reason, why } of wrongFiles)
  test(`a file is refused whole: ${why}`, async () => {
    const { items, bad } = await parse(text);
    assert.deepEqual(items, []);
    assert.match(bad[0]?.reason ?? '', reason);
  });

const wrongLines = [
  '{"op":"create"',
  '[]',
  '{"op":"create","body":{}}',
  '{"op":"drop","entity":"x"}',
  '{"op":"hold","entity":[7],"body":{}}',
  '{"op":"profile","body":{}}',
  '"\ufffd"',
];
for (const line of wrongLines)
  test(`a line is reported and the next one read: ${line}`, async () => {
    const { items, bad } = await parse(`${exportHeader()}\n${line}\n{"op":"close","entity":"ref:C1"}\n`);
    assert.equal(items.length, 1);
    assert.deepEqual(
      bad.map((one) => one.line),
      [2],
    );
  });
