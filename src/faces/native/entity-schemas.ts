/**
 * The shapes of entities, made from the declarations of their fields: what is created, what is changed, what is shown.
 */
import { z } from 'zod';

import { PROPERTY_PERMISSIONS } from '#core/property.ts';

import type { Field, Fields } from '#core/field.ts';
import { KINDS, type Kind, LEAF_KINDS, PARENT_KINDS } from '#core/kind.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';

export const kind = z.enum(KINDS);
export const uuid = z.uuid();
export const time = z.iso.datetime();
export const id = z
  .union([z.string(), z.number().int()])
  .describe('UUID, number, or identifier such as sip:alice@example.com');
export const standing = z.enum(['active', 'limited', 'suspended', 'closed']);
export const lifecycle = z.enum(['open', 'closed']);

function fieldSchema(field: Field, direction: 'in' | 'out'): z.ZodType {
  switch (field.type) {
    case 'text':
      return (
        field.oneOf === undefined ? z.string().max(field.max) : z.enum(field.oneOf as [string, ...string[]])
      ).describe(field.note);
    case 'integer':
      return z.number().int().min(field.min).max(field.max).describe(field.note);
    case 'boolean':
      return z.boolean().describe(field.note);
    case 'text_list':
      return z.array(z.string().max(field.max)).describe(field.note);
    case 'json':
      return z.unknown().describe(field.note);
    case 'reference':
      return (direction === 'in' ? id : uuid).describe(`${field.note} (${field.kinds.join(' or ')})`);
  }
}

/** The members by which fields are given. */
export function fieldsIn(fields: Fields, mode: 'create' | 'update'): z.ZodRawShape {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.computed || (mode === 'update' && field.immutable)) continue;
    const schema = fieldSchema(field, 'in');
    shape[name] = mode === 'create' && field.required ? schema : schema.nullable().optional();
  }
  return shape;
}

/** The members by which fields are shown. */
export function fieldsOut(fields: Fields): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => !field.secret)
      .map(([name, field]) => [name, fieldSchema(field, 'out').optional()]),
  );
}

const password = {
  password: z.string().min(1).max(256).optional().describe('Never kept: only what servers verify against is.'),
};
const hasPassword = (of: Kind) => of === 'sip_account' || of === 'mailbox';
const pascal = (of: string) => of.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

function createSchema(of: Kind) {
  return z
    .object({
      ...(of === 'account' ? {} : { kind: z.literal(of) }),
      id: uuid.optional().describe('A UUID of your own, so that a repeated creation is told from a second one.'),
      parent: (of === 'account' ? id.optional() : id).describe(
        `What is to contain it: ${PARENT_KINDS[of].join(' or ')}${of === 'account' ? '; absent: the platform' : ''}.`,
      ),
      ...(LEAF_KINDS.has(of)
        ? { owner: id.optional().describe("The account it is assigned to; absent: its container's.") }
        : {}),
      ...(hasPassword(of) ? password : {}),
      ...fieldsIn(KIND_FIELDS[of], 'create'),
    })
    .meta({ id: `Create${pascal(of)}` });
}

export const createAccount = createSchema('account');
const resourceKinds = KINDS.filter((of) => of !== 'account');
export const createResource = z
  .union(resourceKinds.map(createSchema) as unknown as [z.ZodType, z.ZodType, ...z.ZodType[]])
  .meta({ id: 'CreateResource' });
export const updateEntity = z
  .union(
    KINDS.map((of) =>
      z
        .object({ ...(hasPassword(of) ? password : {}), ...fieldsIn(KIND_FIELDS[of], 'update') })
        .meta({ id: `Update${pascal(of)}` }),
    ) as unknown as [z.ZodType, z.ZodType, ...z.ZodType[]],
  )
  .meta({ id: 'UpdateEntity' });

export const laggingZones = z
  .strictObject({
    count: z.number().int(),
    names: z.array(z.string()).describe('The first 20 of them.'),
    isPartial: z.literal(true).optional().describe('There may be more: the look ended before it had seen all.'),
  })
  .meta({ id: 'LaggingZones' })
  .describe('Zones reached that have foreign secondaries, which follow only when they transfer again. Absent: none.');

export const portOutPending = z
  .strictObject({ count: z.number().int(), numbers: z.array(z.string()).describe('The first 20 of them.') })
  .meta({ id: 'PortOutPending' })
  .describe('Numbers reached that another operator has asked for. Absent: none.');

const entityCommon = {
  id: uuid,
  number: z.number().int(),
  label: z.string().describe('Short name for lists.'),
  parent: uuid.nullable(),
  owner: uuid.optional().describe("Only where it is another than the container's account."),
  standing,
  lifecycle,
  closedAt: time.optional().describe('When it was closed by itself.'),
  erasedAt: time.optional().describe('Since when nothing personal of it is left.'),
  version: z.number().int().describe('The ETag.'),
  createdAt: time,
  updatedAt: time,
  identifiers: z.array(z.string()),
  revision: z.number().int().optional().describe('Of an answer with at: the last change that counted.'),
  at: time.optional().describe('The moment that was asked for.'),
};
const resting = {
  quarantinedUntil: time.optional().describe('Of a closed number: it is not assigned again before.'),
  releasePending: z.boolean().optional().describe('Its provider has not taken it back yet; it is not assigned before.'),
};
export const entity = z
  .union(
    KINDS.map((of) =>
      z
        .strictObject({
          kind: z.literal(of),
          ...entityCommon,
          ...fieldsOut(KIND_FIELDS[of]),
          ...(of === 'phone_number' ? resting : {}),
        })
        .meta({ id: pascal(of) }),
    ) as unknown as [z.ZodType, z.ZodType, ...z.ZodType[]],
  )
  .meta({ id: 'Entity' });

const propertyFields = {
  name: z.string(),
  value: z.string(),
  category: z.string(),
  permission: z.enum(PROPERTY_PERMISSIONS).describe('The level that may change it; higher ones may, too.'),
};
export const properties = z
  .strictObject({
    items: z.array(
      z.strictObject({
        ...propertyFields,
        effective: z
          .boolean()
          .describe('Whether it takes effect: pstn_access and its like need the same of the reseller.'),
        writable: z.boolean().describe('Whether the caller may change it.'),
      }),
    ),
  })
  .meta({ id: 'Properties' });
export const setProperties = z
  .object({
    properties: z.array(z.object({ ...propertyFields, value: z.string().nullable() }).partial()),
  })
  .meta({ id: 'SetProperties' });

export const erased = z
  .strictObject({
    id: uuid,
    erasedAt: time,
    entities: z.number().int().describe('How many entities were erased; 0 when it was done before.'),
  })
  .meta({ id: 'Erased' });
