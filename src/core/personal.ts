/**
 * Personal values on their way into the change log and out of it: as text, so that each has one commitment.
 */
import { type Field, type Json, absentValue } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';

/** What stands before the name of a field when the value is the one that was there before. */
export const FORMER = 'before.';

/** What stands in place of a value that must be there and was erased. */
export const ERASED = '(erased)';

/** The text of a personal value: text as it is, anything else as JSON. */
export function personalText(field: Field, value: Json): string {
  return field.type === 'text' ? String(value) : JSON.stringify(value);
}

/** The value behind the text that the log has for a field of the kind, or for a former value of it. */
export function personalValue(kind: Kind | null, name: string, text: string): Json {
  if (kind === null) return text;
  const field = KIND_FIELDS[kind][name.startsWith(FORMER) ? name.slice(FORMER.length) : name];
  return field === undefined || field.type === 'text' ? text : (JSON.parse(text) as Json); // personalText wrote it.
}

/** What is left of a personal or secret value after an erasure. */
export function erasedValue(field: Field): Json {
  return field.required === true ? ERASED : absentValue(field);
}
