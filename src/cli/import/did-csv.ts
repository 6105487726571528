/**
 * A CSV of telephone numbers with their accounts: `number,account[,target][,friendly name]`, with or without header.
 *
 * A target is a SIP account, alias or peer of ours; `target_uri` is for what answers outside.
 */
import { readAor } from '#core/aor.ts';
import { readE164 } from '#core/e164.ts';
import { type CsvRow, type CsvShape, csvRows, isBad } from './csv-rows.ts';
import { accountIdentifier, badLine, bodyOf, createItem, type OpenText, type Parsed } from './parsed.ts';

const SHAPE: CsvShape = {
  columns: {
    number: ['did', 'e164', 'tn', 'phone', 'phone number', 'ddi'],
    account: ['customer', 'reference'],
    target: ['destination', 'sip'],
    friendly_name: ['name', 'label', 'description'],
    target_uri: [],
  },
  required: [['number'], ['account']],
  positional: {
    isHeader: (first) => !/\d{3}/.test(first[0] ?? ''),
    columns: ['number', 'account', 'target', 'friendly_name'],
  },
};

/** Reads numbers as phone numbers beneath their accounts. */
export async function* parseDidCsv(file: string, options: { readonly open: OpenText }): AsyncGenerator<Parsed> {
  for await (const row of csvRows(file, options.open, SHAPE)) yield isBad(row) ? row : parseRow(row, file);
}

function parseRow(row: CsvRow, file: string): Parsed {
  const number = readE164(row.get('number'));
  if (!number.ok) return badLine(file, row.line, `number ${number.message}`);
  const account = row.get('account');
  if (account === '') return badLine(file, row.line, 'account is missing');
  const target = readTarget(row.get('target'));
  if (typeof target !== 'string') return badLine(file, row.line, `target ${target.wrong}`);
  const body = bodyOf('phone_number', {
    parent: accountIdentifier(account),
    e164: number.value,
    target,
    targetUri: row.get('target_uri'),
    friendlyName: row.get('friendly_name'),
  });
  return createItem(body, file, row.line);
}

/** The identifier of a target: an AOR with or without `sip:`, or another identifier such as `ip:192.0.2.7`. */
function readTarget(text: string): string | { wrong: string } {
  if (text === '' || /^(?:ip|host):/i.test(text)) return text;
  const aor = readAor(text);
  return aor.ok ? `sip:${aor.value.aor}` : { wrong: aor.message };
}
