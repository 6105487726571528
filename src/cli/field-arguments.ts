/**
 * Fields on the command line: `name=text`, `name:=JSON`, `name=@file`, turned into the type that the kind's field has.
 *
 * Only form is judged here. Whether a value is right, and whether a field exists, is the server's to say.
 */
import { readFileSync } from 'node:fs';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { isKind, KINDS, type Kind } from '#core/kind.ts';
import { UsageError } from './exit-code.ts';

/** Reads a kind. */
export function readKind(text: string): Kind {
  if (!isKind(text)) throw new UsageError(`kind must be one of ${KINDS.join(', ')}, not "${text}"`);
  return text;
}

/** The body that the pairs describe. Throws `UsageError` for a pair that is none, or is there twice. */
export function readFieldArguments(kind: Kind, pairs: readonly string[]): Record<string, unknown> {
  return readPairs(KIND_FIELDS[kind], pairs);
}

/** The types of fields by their names. */
type Types = Readonly<Record<string, { readonly type: string }>>;

/** The same with the fields of something else. */
export function readPairs(types: Types, pairs: readonly string[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const pair of pairs) {
    const match = /^([A-Za-z][A-Za-z0-9]*)(:?=)(.*)$/s.exec(pair);
    if (!match) throw new UsageError(`fields are given as name=value, name:=JSON or name=@file, not "${pair}"`);
    const [, name = '', sign, text = ''] = match;
    if (Object.hasOwn(body, name)) throw new UsageError(`the field ${name} is given twice`);
    body[name] = sign === ':=' ? readJson(name, text) : readText(types, name, text);
  }
  return body;
}

function readText(types: Types, name: string, given: string): unknown {
  const text = given.length > 1 && given.startsWith('@') ? readValueFile(name, given.slice(1)) : given;
  const field = Object.hasOwn(types, name) ? types[name] : undefined;
  // What does not fit its type is sent as it is, so that the server's message names the limits.
  if (field?.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (field?.type === 'number') return /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : text;
  if (field?.type === 'boolean') return readBoolean(text);
  if (field?.type === 'text_list') return text === '' ? [] : text.split(',').map((element) => element.trim());
  if (field?.type === 'json') return readJson(name, text);
  return text;
}

function readBoolean(text: string): boolean | string {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true;
  return /^(?:false|no|off|0)$/i.test(text) ? false : text;
}

function readJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`the field ${name} must be JSON`);
  }
}

export function readValueFile(name: string, file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\n$/, '');
  } catch (error) {
    throw new UsageError(
      `the file of the field ${name}, ${file}, cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'})`,
    );
  }
}
