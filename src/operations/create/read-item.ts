/**
 * The first step of a creation: one item of plain input becomes typed values and references, or field errors.
 */
import { type Values, readFields } from '#core/field.ts';
import { type Reference, readReference } from '#core/identifier.ts';
import { isUuid } from '#core/ids.ts';
import { KINDS, type Kind, LEAF_KINDS, isKind } from '#core/kind.ts';
import { KIND_FIELDS, judgeFields } from '#core/kind-fields.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { mailboxHash, readPassword } from '#operations/credentials.ts';

export type CreateInput = Readonly<Record<string, unknown>>;

export interface ReadItem {
  readonly kind: Kind;
  readonly uuid: string | null;
  readonly parent: Reference;
  readonly owner: Reference | null;
  readonly values: Values;
  /** References among the values, by field. */
  readonly references: ReadonlyMap<string, Reference>;
  readonly password: string | null;
  /** What is wrong with the item by itself; told after what it refers to is known to exist. */
  readonly errors: readonly FieldError[];
}

/** What every kind takes beside its own fields. */
const COMMON = new Set(['kind', 'id', 'parent', 'owner']);
const PLATFORM: Reference = { by: 'number', number: 0 };

/** Reads one item. Throws `invalid` for a kind that is none; all other errors stay with the item. */
export async function readItem(input: CreateInput): Promise<ReadItem> {
  const kind = input['kind'];
  if (typeof kind !== 'string' || !isKind(kind))
    throw invalid({ field: 'kind', message: `must be one of ${KINDS.join(', ')}` });
  const errors: FieldError[] = [];
  const fields = KIND_FIELDS[kind];
  refuseUnknown(kind, input, errors);
  const password = readPassword(kind, input, errors);
  const values = readFields(fields, input, 'create', errors);
  if (errors.length === 0) judgeFields(kind, values, errors);
  const references = new Map<string, Reference>();
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    if (field.type === 'reference' && value !== null) {
      const reference = readOne(value, name, errors);
      if (reference !== null) references.set(name, reference);
    }
  }
  if (kind === 'mailbox' && password !== null && errors.length === 0)
    values['passwordHash'] = await mailboxHash(password);
  return {
    kind,
    uuid: readUuid(input['id'], errors),
    parent: readParent(kind, input['parent'], errors),
    owner: readOwner(kind, input['owner'], errors),
    values,
    references,
    password: kind === 'sip_account' ? password : null,
    errors,
  };
}

function refuseUnknown(kind: Kind, input: CreateInput, errors: FieldError[]): void {
  for (const name of Object.keys(input)) {
    if (COMMON.has(name) || (name === 'password' && (kind === 'sip_account' || kind === 'mailbox'))) continue;
    if (!Object.hasOwn(KIND_FIELDS[kind], name)) errors.push({ field: name, message: `is no field of ${kind}` });
  }
}

function readOne(given: unknown, field: string, errors: FieldError[]): Reference | null {
  if (typeof given !== 'string' && typeof given !== 'number') {
    errors.push({ field, message: 'must be an id: a UUID, a number or an identifier such as sip:alice@example.com' });
    return null;
  }
  const reading = readReference(given);
  if (reading.ok) return reading.value;
  errors.push({ field, message: reading.message });
  return null;
}

function readUuid(given: unknown, errors: FieldError[]): string | null {
  if (given === undefined || given === null) return null;
  if (typeof given === 'string' && isUuid(given.toLowerCase())) return given.toLowerCase();
  errors.push({ field: 'id', message: 'must be a UUID' });
  return null;
}

function readParent(kind: Kind, given: unknown, errors: FieldError[]): Reference {
  if (given === undefined || given === null) {
    if (kind !== 'account')
      errors.push({ field: 'parent', message: 'is missing: the entity that is to contain this one' });
    return PLATFORM;
  }
  return readOne(given, 'parent', errors) ?? PLATFORM;
}

function readOwner(kind: Kind, given: unknown, errors: FieldError[]): Reference | null {
  if (given === undefined || given === null) return null;
  if (!LEAF_KINDS.has(kind)) {
    errors.push({ field: 'owner', message: `cannot be given: a ${kind} belongs to the account that contains it` });
    return null;
  }
  return readOne(given, 'owner', errors);
}
