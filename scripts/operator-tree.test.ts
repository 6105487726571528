import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createItem } from '#cli/import/parsed.ts';
import { operatorCounts, operatorItems, type OperatorSize } from './operator-tree.ts';

const SIZE: OperatorSize = { accounts: 300, sipAccounts: 1000, depth: 6, numbers: 200, zones: 20, seed: 7 };

function name(body: { readonly [field: string]: unknown }): string {
  if (body['kind'] === 'account') return `ref:${String(body['reference'])}`;
  if (body['kind'] === 'sip_domain') return `sip:${String(body['domain'])}`;
  if (body['kind'] === 'sip_account') return `sip:${String(body['username'])}@${String(body['parent']).slice(4)}`;
  if (body['kind'] === 'phone_number') return `tel:${String(body['e164'])}`;
  if (body['kind'] === 'dns_zone') return `dns:${String(body['name'])}`;
  return `rr:${String(body['name'])}/${String(body['type'])}`;
}

test('every item is right, names are taken once, and what an item refers to came before it', () => {
  const depths = new Map<string, number>();
  const tops = new Map<string, string>();
  const counts: Record<string, number> = {};
  for (const item of operatorItems(SIZE)) {
    assert.ok(item.op === 'create');
    const { body } = item;
    const parsed = createItem(body, 'f', 1);
    assert.ok('item' in parsed, JSON.stringify(parsed));
    const own = name(body);
    assert.ok(!depths.has(own), `${own} is there twice`);
    const parent = body['parent'];
    if (typeof parent === 'string') assert.ok(depths.has(parent), `${own} comes before its parent ${parent}`);
    const top = typeof parent === 'string' ? (tops.get(parent) ?? '') : own;
    for (const other of [body['owner'], body['target']])
      if (typeof other === 'string') assert.equal(tops.get(other), top, `${own} refers to another reseller's ${other}`);
    tops.set(own, top);
    depths.set(own, typeof parent === 'string' ? (depths.get(parent) ?? 0) + 1 : 1);
    counts[body.kind] = (counts[body.kind] ?? 0) + 1;
  }
  assert.deepEqual(counts, operatorCounts(SIZE));
  const accountDepths = [...depths].filter(([key]) => key.startsWith('ref:')).map(([, depth]) => depth);
  assert.equal(Math.max(...accountDepths), SIZE.depth);
});

test('the same seed gives the same operator, another seed another', () => {
  const text = (seed: number) => JSON.stringify([...operatorItems({ ...SIZE, seed })]);
  assert.equal(text(7), text(7));
  assert.notEqual(text(7), text(8));
});

const smallest = [
  { accounts: 1, depth: 6, reason: 'fewer accounts than levels' },
  { accounts: 6, depth: 6, reason: 'one account for each level' },
  { accounts: 10, depth: 1, reason: 'one level, and so resellers alone' },
  { accounts: 100, depth: 3, resellers: 1, reason: 'all beneath one reseller' },
];
for (const { reason, ...shape } of smallest)
  test(`the number of accounts is exact: ${reason}`, () => {
    const items = [...operatorItems({ ...SIZE, sipAccounts: 0, numbers: 0, zones: 0, ...shape })];
    assert.equal(items.length, shape.accounts);
  });
