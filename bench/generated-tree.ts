/**
 * Loads a generated operator into an empty, migrated database: the rows that the create operation would write, by COPY.
 *
 * Foreign keys are not checked row by row, since every reference is resolved here; everything else is. The change log
 * stays as it was.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';

import pg from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';

import { type Json, type Values, columnOf } from '#core/field.ts';
import { identifiersOf, labelOf } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { readItem } from '#operations/create/read-item.ts';
import { referenceKey } from '#store/entity.ts';

import { type OperatorSize, operatorItems } from '../scripts/operator-tree.ts';

/** What later items need of one that others may refer to. */
interface Known {
  readonly id: number;
  readonly kind: Kind;
  readonly account: number;
  readonly ancestors: readonly number[] | null;
  readonly values: Values;
}

const PLATFORM: Known = { id: 0, kind: 'account', account: 0, ancestors: [0], values: {} };
/** Text is handed to a connection in pieces of this many characters. */
const PIECE = 131_072;

/** The shape of a tree with about so many entities: one reseller, six levels of accounts, nine tenths SIP accounts. */
export function sizeFor(entities: number): OperatorSize {
  const part = (share: number) => Math.max(1, Math.round(entities * share));
  return {
    accounts: part(0.04),
    sipAccounts: part(0.9),
    depth: 6,
    numbers: part(0.012),
    zones: part(0.002),
    seed: 1,
    resellers: 1,
  };
}

/** Loads the tree, sets the sequence of numbers behind it and gathers statistics. Answers how many entities it has. */
export async function loadTree(connectionString: string, size: OperatorSize): Promise<number> {
  const tables = new Map<string, CopyTable>();
  const table = async (name: string, columns: readonly string[]): Promise<CopyTable> => {
    const known = tables.get(name) ?? (await CopyTable.open(connectionString, name, columns));
    tables.set(name, known);
    return known;
  };
  const entities = await table('entity', ['id', 'uuid', 'kind', 'parent_id', 'owner_id', 'ancestors', 'label']);
  const identifiers = await table('identifier', ['scheme', 'value', 'entity_id']);
  const known = new Map<string, Known>([['#0', PLATFORM]]);
  let id = 0;
  for (const bulk of operatorItems(size)) {
    if (bulk.op !== 'create') continue; // The generator gives nothing else.
    id += 1;
    const item = await readItem(bulk.body);
    if (item.errors.length > 0) throw new Error(`not a valid item: ${JSON.stringify(bulk.body)}`);
    const { kind, values } = item;
    const parent = require(known, referenceKey(item.parent));
    const owner = item.owner === null ? null : require(known, referenceKey(item.owner));
    for (const [name, reference] of item.references) values[name] = require(known, referenceKey(reference)).id;
    if (kind === 'account') values['reseller'] ??= parent.id === 0;
    const names = identifiersOf(kind, values, parent, null);
    const ancestors = kind === 'account' ? [...(parent.ancestors ?? []), id] : null;
    const ownerId = owner === null || owner.id === parent.account ? null : owner.id;
    await entities.write([id, randomUUID(), kind, parent.id, ownerId, ancestors, labelOf(kind, values, names)]);
    for (const { scheme, value } of names) await identifiers.write([scheme, value, id]);
    const fields = Object.entries(KIND_FIELDS[kind]);
    const rows = await table(kind, ['entity_id', ...fields.map(([name, field]) => columnOf(name, field))]);
    await rows.write([
      id,
      ...fields.map(([name, field]) => (field.type === 'json' ? JSON.stringify(values[name]) : (values[name] ?? null))),
    ]);
    const account = kind === 'account' ? id : parent.account;
    if (kind === 'dns_record' || kind === 'phone_number') continue; // Nothing refers to these.
    const mine: Known = { id, kind, account, ancestors, values: kind === 'sip_account' ? {} : values };
    for (const { scheme, value } of names) known.set(`${scheme}:${value}`, mine);
  }
  for (const one of tables.values()) await one.close();
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`select setval(pg_get_serial_sequence('entity', 'id'), $1)`, [id]);
  await client.query('insert into credit (account_id, credit, used) select * from recount_credits()');
  await client.query('vacuum (analyze)');
  await client.query('checkpoint');
  await client.end();
  return id;
}

function require(known: ReadonlyMap<string, Known>, key: string): Known {
  const found = known.get(key);
  if (found === undefined) throw new Error(`${key} comes after what refers to it`);
  return found;
}

/** One table, filled over a connection of its own. */
class CopyTable {
  readonly #client: pg.Client;
  readonly #stream: CopyStreamQuery;
  #text = '';

  private constructor(client: pg.Client, stream: CopyStreamQuery) {
    this.#client = client;
    this.#stream = stream;
  }

  static async open(connectionString: string, name: string, columns: readonly string[]): Promise<CopyTable> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query('set session_replication_role = replica'); // No trigger, so no look-up for each foreign key.
    return new CopyTable(
      client,
      client.query(copyFrom(`copy ${pg.escapeIdentifier(name)} (${columns.join(', ')}) from stdin`)),
    );
  }

  async write(fields: readonly Json[]): Promise<void> {
    this.#text += `${fields.map(copyField).join('\t')}\n`;
    if (this.#text.length < PIECE) return;
    const text = this.#text;
    this.#text = '';
    if (!this.#stream.write(text)) await once(this.#stream, 'drain');
  }

  async close(): Promise<void> {
    this.#stream.end(this.#text);
    await finished(this.#stream);
    await this.#client.end();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in the text format of COPY. */
function copyField(value: Json): string {
  if (value === null) return '\\N';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = Array.isArray(value) ? `{${value.map((one) => JSON.stringify(one)).join(',')}}` : String(value);
  return text.replace(/[\\\t\n\r]/g, (letter) => ESCAPES[letter] ?? letter);
}
