import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findImportFiles, parseFiles } from '#cli/import/import-source.ts';
import { openText } from '#cli/import/text-lines.ts';
import type { Parsed } from '#cli/import/parsed.ts';
import { sampleFiles } from './sample-files.ts';
import { sampleOperator } from './sample-operator.ts';

const FOLDER = join(import.meta.dirname, '..', 'samples');

async function parseSamples(): Promise<{ parsed: Parsed[]; unknown: string[] }> {
  const { files, unknown } = await findImportFiles(FOLDER, openText);
  const parsed: Parsed[] = [];
  for await (const one of parseFiles(files, { open: openText })) parsed.push(one);
  return { parsed, unknown };
}

test('the samples are what the script writes', async () => {
  for (const [path, text] of sampleFiles(sampleOperator()))
    assert.equal(await readFile(join(FOLDER, path), 'utf8'), text, `${path} differs: run scripts/generate-samples.ts`);
});

test('every line of the samples is right', async () => {
  const { parsed, unknown } = await parseSamples();
  assert.deepEqual(unknown, []);
  assert.deepEqual(
    parsed.filter((one) => 'bad' in one),
    [],
  );
});

test('the samples hold the operator that the documents promise', async () => {
  const { parsed } = await parseSamples();
  const counts: Record<string, number> = {};
  const known = new Set<string>();
  let resellers = 0;
  let customers = 0;
  for (const one of parsed) {
    if ('bad' in one || one.item.op !== 'create') continue;
    const { body } = one.item;
    counts[body.kind] = (counts[body.kind] ?? 0) + 1;
    const parent = body['parent'];
    if (body.kind === 'account') {
      known.add(`ref:${String(body['reference'])}`);
      if (parent === undefined) resellers += 1;
      else if (String(parent).startsWith('ref:R-')) customers += 1;
    }
    if (body.kind === 'sip_domain') known.add(`sip:${String(body['domain'])}`);
    if (body.kind === 'sip_account') known.add(String(parent).replace('sip:', `sip:${String(body['username'])}@`));
    if (body.kind === 'dns_zone') known.add(`dns:${String(body['name'])}`);
    if (body.kind === 'enum_range') known.add(`enum-range:${String(body['prefix'])}.${String(body['tld'])}`);
    for (const reference of [parent, body['target']])
      if (reference !== undefined)
        assert.ok(known.has(String(reference)), `${JSON.stringify(body)} comes before ${String(reference)}`);
  }
  assert.deepEqual([resellers, customers], [3, 40]);
  assert.deepEqual(
    [counts['sip_account'], counts['phone_number'], counts['dns_zone'], counts['enum_range']],
    [2000, 500, 60, 3],
  );
  assert.ok((counts['account'] ?? 0) > 80 && (counts['mailbox'] ?? 0) > 200 && (counts['enum_number'] ?? 0) > 300);
});
