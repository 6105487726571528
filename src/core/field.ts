/**
 * The typed fields of a kind, declared once: reading of input, columns of the table, OpenAPI and documents follow from it.
 *
 * A field is written in camelCase in every interface and in snake_case as a column; `references` become `…_id` columns.
 */
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';
import type { Reading } from '#core/reading.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface Common {
  /** One sentence for the documents. */
  readonly note: string;
  readonly required?: true;
  readonly immutable?: true;
  /** Belongs to a person: stands apart in the change log, so that erasing leaves the chain provable. */
  readonly personal?: true;
  /** A credential or the material of one: stored, and shown by the export with secrets alone. */
  readonly secret?: true;
  /** Changed only by an account above, or by the platform alone. */
  readonly by?: 'above' | 'platform';
  /** Of a secret text that must be shown again and that nobody reads straight from the table: its column is sealed. */
  readonly sealed?: true;
  /** Kept by Abeyance itself; input is ignored. */
  readonly computed?: true;
}

export type Field =
  | (Common & {
      readonly type: 'text';
      readonly max: number;
      readonly default?: string;
      readonly oneOf?: readonly string[];
      readonly read?: (text: string) => Reading<string>;
    })
  | (Common & { readonly type: 'integer'; readonly min: number; readonly max: number; readonly default?: number })
  | (Common & { readonly type: 'boolean'; readonly default?: boolean })
  | (Common & { readonly type: 'text_list'; readonly max: number; readonly read?: (text: string) => Reading<string> })
  | (Common & { readonly type: 'json'; readonly read?: (value: unknown) => Reading<Json>; readonly default?: Json })
  | (Common & { readonly type: 'reference'; readonly kinds: readonly Kind[] });

export type Fields = Readonly<Record<string, Field>>;
export type Values = Record<string, Json>;

/** The most elements that one list field takes: more is a mistake or an attack. */
const LIST_MAX = 200;
/** The most bytes of text that one JSON field takes, counted in UTF-16 units. */
const JSON_MAX = 32_768;
/** The largest value of a PostgreSQL `integer`. */
export const INTEGER_MAX = 2_147_483_647;

/** `firstName` → `first_name`; a reference → `target_id`. */
export function columnOf(name: string, field: Field): string {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return field.type === 'reference' ? `${snake}_id` : snake;
}

/**
 * Reads the fields of one entity from plain input. On `create` every field gets its value or its default; on `update`
 * only the given ones are read, and an immutable one that differs in spelling alone is for the caller to judge.
 * References stay as the text or number that was given.
 */
export function readFields(
  fields: Fields,
  input: Readonly<Record<string, unknown>>,
  mode: 'create' | 'update',
  errors: FieldError[],
): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    const given = field.computed ? undefined : input[name];
    if (given === undefined) {
      if (mode === 'update') continue;
      if (field.required) errors.push({ field: name, message: `is missing: ${field.note}${choicesText(field)}` });
      values[name] = defaultOf(field);
      continue;
    }
    if (mode === 'update' && field.immutable) {
      errors.push({ field: name, message: 'cannot be changed once it is set' });
      continue;
    }
    if (given === null) {
      if (field.required) errors.push({ field: name, message: 'cannot be null' });
      values[name] = defaultOf(field);
      continue;
    }
    const reading = readField(field, given);
    if (reading.ok) values[name] = reading.value;
    else errors.push({ field: name, message: reading.message });
  }
  return values;
}

/** What may be given, where it is one of few. */
function choicesText(field: Field): string {
  return field.type === 'text' && field.oneOf !== undefined ? ` One of ${field.oneOf.join(', ')}.` : '';
}

/** What a field is when nothing was ever given for it. */
export function absentValue(field: Field): Json {
  return field.type === 'boolean' ? (field.default ?? false) : defaultOf(field);
}

function defaultOf(field: Field): Json {
  if (field.type === 'text_list') return [];
  return 'default' in field && field.default !== undefined ? field.default : null;
}

function readField(field: Field, given: unknown): Reading<Json> {
  switch (field.type) {
    case 'text':
      return readText(field, given);
    case 'integer':
      if (typeof given === 'number' && Number.isInteger(given) && given >= field.min && given <= field.max)
        return { ok: true, value: given };
      return refuse(`must be a whole number from ${field.min} to ${field.max}`, given);
    case 'boolean':
      return typeof given === 'boolean' ? { ok: true, value: given } : refuse('must be true or false', given);
    case 'text_list':
      return readTextList(field, given);
    case 'json':
      return readJson(field, given);
    case 'reference':
      if ((typeof given === 'string' && given !== '') || (typeof given === 'number' && Number.isSafeInteger(given)))
        return { ok: true, value: given };
      return refuse('must be an id: a UUID, a number or an identifier such as sip:alice@example.com', given);
  }
}

function readText(field: Field & { type: 'text' }, given: unknown): Reading<Json> {
  if (typeof given !== 'string') return refuse('must be text', given);
  if (given.includes('\u0000')) return { ok: false, message: 'must not contain the NUL character' };
  if (given.length > field.max)
    return { ok: false, message: `must have at most ${field.max} characters, has ${given.length}` };
  if (field.required && given.trim() === '') return { ok: false, message: 'must not be empty' };
  if (field.oneOf && !field.oneOf.includes(given)) return refuse(`must be one of ${field.oneOf.join(', ')}`, given);
  return field.read ? field.read(given) : { ok: true, value: given };
}

function readTextList(field: Field & { type: 'text_list' }, given: unknown): Reading<Json> {
  if (!Array.isArray(given)) return refuse('must be a list of texts', given);
  if (given.length > LIST_MAX) return { ok: false, message: `must have at most ${LIST_MAX} elements` };
  const values: string[] = [];
  for (const [index, element] of given.entries()) {
    const reading = readText(
      { type: 'text', max: field.max, note: '', ...(field.read ? { read: field.read } : {}) },
      element,
    );
    if (!reading.ok) return { ok: false, message: `element ${index} ${reading.message}` };
    values.push(reading.value as string); // readText of a text field gives text
  }
  return { ok: true, value: values };
}

function readJson(field: Field & { type: 'json' }, given: unknown): Reading<Json> {
  const size = JSON.stringify(given)?.length ?? 0;
  if (size > JSON_MAX) return { ok: false, message: `must have at most ${JSON_MAX} characters as JSON, has ${size}` };
  // The input came from a JSON parser: it is JSON by construction.
  return field.read ? field.read(given) : { ok: true, value: given as Json };
}

function refuse(wanted: string, given: unknown): { ok: false; message: string } {
  const found =
    typeof given === 'string'
      ? `"${given.length > 40 ? `${given.slice(0, 40)}…` : given}"`
      : JSON.stringify(given)?.slice(0, 40);
  return { ok: false, message: `${wanted}, not ${found}` };
}
