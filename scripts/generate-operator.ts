/**
 * Writes an operator of any size as JSON Lines that `abeyance import` reads.
 *
 *   node scripts/generate-operator.ts --accounts 50000 --sip-accounts 1000000 --depth 6 --out operator.jsonl
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { exportHeader } from '#cli/import/json-lines.ts';
import { operatorCounts, operatorItems, type OperatorSize } from './operator-tree.ts';

/** Text is handed to the stream in pieces of this many characters. */
const PIECE = 262_144;

/** Writes the header and all items to a stream, as fast as it takes them; does not end it. */
export async function writeOperator(size: OperatorSize, out: Writable): Promise<void> {
  let text = `${exportHeader({ seed: size.seed })}\n`;
  for (const item of operatorItems(size)) {
    text += `${JSON.stringify(item)}\n`;
    if (text.length < PIECE) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  if (!out.write(text)) await once(out, 'drain');
}

function readSize(): { size: OperatorSize; out: string } {
  const { values } = parseArgs({
    options: {
      accounts: { type: 'string', default: '500' },
      'sip-accounts': { type: 'string', default: '10000' },
      depth: { type: 'string', default: '4' },
      numbers: { type: 'string', default: '1000' },
      zones: { type: 'string', default: '100' },
      resellers: { type: 'string' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: '-' },
    },
  });
  const count = (name: string, text: string, min: number) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > 99_999_999)
      throw new Error(`--${name} must be a number from ${min} to 99999999, not "${text}"`);
    return value;
  };
  const size = {
    accounts: count('accounts', values.accounts, 1),
    sipAccounts: count('sip-accounts', values['sip-accounts'], 0),
    depth: count('depth', values.depth, 1),
    numbers: count('numbers', values.numbers, 0),
    zones: count('zones', values.zones, 0),
    seed: count('seed', values.seed, 0),
    ...(values.resellers === undefined ? {} : { resellers: count('resellers', values.resellers, 1) }),
  };
  return { size, out: values.out };
}

if (import.meta.main) {
  const { size, out } = readSize();
  const stream = out === '-' ? process.stdout : createWriteStream(out);
  await writeOperator(size, stream);
  if (stream !== process.stdout) {
    stream.end();
    await finished(stream);
  }
  const counts = Object.entries(operatorCounts(size)).map(([kind, count]) => `${count} ${kind}`);
  process.stderr.write(`${counts.join(', ')}\n`);
}
