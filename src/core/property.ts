/**
 * Properties of accounts: name, value, category, and the level that may change it.
 *
 * A property is changed only by the level that its permission names, or a higher one. A few grant something and take
 * effect on a customer only where its reseller has them too.
 */
import { type Authority, reachesLevel } from '#core/authority.ts';
import type { Json } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';

export const PROPERTY_PERMISSIONS = ['admin', 'reseller', 'customer'] as const;
export type PropertyPermission = (typeof PROPERTY_PERMISSIONS)[number];

export interface Property {
  readonly name: string;
  readonly value: string;
  readonly category: string;
  readonly permission: PropertyPermission;
}

const LEVEL: Readonly<Record<PropertyPermission, Authority>> = {
  admin: 'platform',
  reseller: 'reseller',
  customer: 'customer',
};

/** Names whose permission is at least this, whatever is stored or sent with them. */
const KNOWN: Readonly<Record<string, PropertyPermission>> = {
  pstn_access: 'admin',
  prepaid_changes: 'admin',
  pstn_changes: 'admin',
  payment_processor_class: 'admin',
  digest_settings_page: 'reseller',
};

/** Those that grant a right, which a reseller passes on only where it has it. */
export const GRANTING: ReadonlySet<string> = new Set(['pstn_access', 'prepaid_changes', 'pstn_changes']);

const PROPERTIES_MAX = 200;
const NAME_MAX = 128;
const VALUE_MAX = 4_096;
const CATEGORY_MAX = 64;
const MEMBERS = new Set(['name', 'value', 'category', 'permission']);

/** Reads a list of properties; names are unique, `other` means `customer`. */
export function readProperties(given: unknown): Reading<Json> {
  if (!Array.isArray(given)) return refused('must be a list of {name, value, category, permission}', given);
  if (given.length > PROPERTIES_MAX) return refused(`must have at most ${PROPERTIES_MAX} elements`, given.length);
  const names = new Set<string>();
  const read: Json[] = [];
  for (const [index, element] of given.entries()) {
    const reading = readProperty(element);
    if (!reading.ok) return refused(`element ${index} ${reading.message}`);
    if (names.has(reading.value.name))
      return refused(`element ${index} has a name that is there already`, reading.value.name);
    names.add(reading.value.name);
    read.push({ ...reading.value });
  }
  return accepted(read);
}

function readProperty(given: unknown): Reading<Property> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return refused('must be an object with name, value, category and permission', given);
  const unknown = Object.keys(given).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined)
    return refused('must have no other members than name, value, category, permission', unknown);
  const { name, value = '', category = '', permission = 'customer' } = given as Record<string, unknown>; // An object, judged here.
  const isText = (text: unknown, max: number): text is string =>
    typeof text === 'string' && text.length <= max && !text.includes('\u0000');
  if (!isText(name, NAME_MAX) || name.trim() === '')
    return refused(`must have a name of 1 to ${NAME_MAX} characters`, name);
  if (!isText(value, VALUE_MAX)) return refused(`must have a value that is text of at most ${VALUE_MAX} characters`);
  if (!isText(category, CATEGORY_MAX))
    return refused(`must have a category of at most ${CATEGORY_MAX} characters`, category);
  const level = permission === 'other' ? 'customer' : PROPERTY_PERMISSIONS.find((known) => known === permission);
  if (level === undefined)
    return refused(`must have a permission that is one of ${PROPERTY_PERMISSIONS.join(', ')}`, permission);
  return accepted({ name, value, category, permission: level });
}

/** The permission that counts for a name: the strictest of what is stored, what is sent, and what the name is known for. */
export function permissionOf(name: string, ...stated: readonly (PropertyPermission | undefined)[]): PropertyPermission {
  const all = new Set([KNOWN[name], ...stated]);
  return PROPERTY_PERMISSIONS.find((permission) => all.has(permission)) ?? 'customer';
}

/** Whether an actor of the level may change a property. */
export function mayWrite(level: Authority, property: Pick<Property, 'name' | 'permission'>): boolean {
  return reachesLevel(level, LEVEL[permissionOf(property.name, property.permission)]);
}

/**
 * What becomes of an account's properties when an actor sends its whole list: what it may write is replaced, what it may
 * not write stays. `refused` are the names that it would change without being entitled.
 */
export function replaceProperties(
  former: readonly Property[],
  given: readonly Property[],
  level: Authority,
): { readonly next: Property[]; readonly refused: string[] } {
  const known = new Map(former.map((property) => [property.name, property]));
  const kept = former.filter((property) => !mayWrite(level, property));
  const { written, refused: names } = judge(known, given, level);
  const keptNames = new Set(kept.map((property) => property.name));
  return { next: [...kept, ...written.filter((property) => !keptNames.has(property.name))], refused: names };
}

/** The same when only the named ones are meant; a null value removes one. */
export function mergeProperties(
  former: readonly Property[],
  given: readonly Property[],
  removed: readonly string[],
  level: Authority,
): { readonly next: Property[]; readonly refused: string[] } {
  const known = new Map(former.map((property) => [property.name, property]));
  const { written, refused: names } = judge(known, given, level);
  for (const name of removed) {
    const there = known.get(name);
    if (there !== undefined && !mayWrite(level, there)) names.push(name);
    known.delete(name);
  }
  for (const property of written) known.set(property.name, property);
  return { next: [...known.values()], refused: names };
}

function judge(known: ReadonlyMap<string, Property>, given: readonly Property[], level: Authority) {
  const written: Property[] = [];
  const names: string[] = [];
  for (const property of given) {
    const there = known.get(property.name);
    const permission = permissionOf(property.name, property.permission, there?.permission);
    if (mayWrite(level, { name: property.name, permission }))
      written.push({ ...property, permission: permissionOf(property.name, property.permission) });
    else if (there === undefined || !isSame(there, property)) names.push(property.name);
  }
  return { written, refused: names };
}

function isSame(one: Property, other: Property): boolean {
  return one.value === other.value && one.category === other.category && one.permission === other.permission;
}

const OFF = new Set(['', '0', 'false', 'no', 'off']);

/** Whether a property takes effect on an account of the level, whose reseller has the given ones; null: it has none. */
export function isEffective(property: Property, level: Authority, ofReseller: readonly Property[] | null): boolean {
  if (!GRANTING.has(property.name)) return true;
  if (OFF.has(property.value.toLowerCase())) return false;
  if (level !== 'customer' || ofReseller === null) return true;
  return ofReseller.some((other) => other.name === property.name && !OFF.has(other.value.toLowerCase()));
}
