/** What the change log tells of an entity's fields: no secret, personal values apart, and what was there before. */
import { type Json, type Values, absentValue } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { FORMER, personalText } from '#core/personal.ts';

export interface Told {
  readonly facts: Readonly<Record<string, Json>>;
  readonly personal: Readonly<Record<string, string>>;
}

/** What the log tells of a new entity: nothing of what a field is anyway when it is not given. */
export function factsOf(kind: Kind, values: Values): { facts: Values; personal: Record<string, string> } {
  const facts: Values = {};
  const personal: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = KIND_FIELDS[kind][name];
    if (field !== undefined && !isSame(absentValue(field), value)) tell(kind, name, value, facts, personal, '');
  }
  return { facts, personal };
}

/** What the log tells of changed fields: what each is now, and what it was. What is in neither was, or is, absent. */
export function changedFactsOf(kind: Kind, former: Values, changed: Values): Told {
  const set: Values = {};
  const before: Values = {};
  const personal: Record<string, string> = {};
  for (const [name, value] of Object.entries(changed)) {
    tell(kind, name, value, set, personal, '');
    tell(kind, name, former[name] ?? null, before, personal, FORMER);
  }
  const cleared = Object.keys(changed).filter((name) => changed[name] === null);
  return { facts: { set, before, ...(cleared.length > 0 ? { cleared } : {}) }, personal };
}

function tell(
  kind: Kind,
  name: string,
  value: Json,
  facts: Values,
  personal: Record<string, string>,
  prefix: string,
): void {
  const field = KIND_FIELDS[kind][name];
  if (field === undefined || value === null) return;
  if (field.secret) facts[name] = '(secret)';
  else if (field.personal) personal[`${prefix}${name}`] = personalText(field, value);
  else facts[name] = value;
}

function isSame(one: Json, other: Json): boolean {
  return one === other || (typeof other === 'object' && JSON.stringify(one) === JSON.stringify(other));
}
