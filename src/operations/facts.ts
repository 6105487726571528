/** What the change log tells of an entity's fields. */
import type { Json, Values } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';

/** What the change log tells of values: no secret, personal ones apart, nothing that is merely a default. */
export function factsOf(kind: Kind, values: Values): { facts: Values; personal: Record<string, string> } {
  const facts: Values = {};
  const personal: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = KIND_FIELDS[kind][name];
    if (field === undefined || value === null) continue;
    if ('default' in field && isSame(field.default, value)) continue;
    if (field.type === 'boolean' && !value) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    if (field.secret) facts[name] = '(secret)';
    else if (field.personal) personal[name] = String(value);
    else facts[name] = value;
  }
  return { facts, personal };
}

function isSame(one: Json | undefined, other: Json): boolean {
  return one === other || (typeof other === 'object' && JSON.stringify(one) === JSON.stringify(other));
}
