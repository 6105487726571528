/**
 * The shapes of the native API, from which OpenAPI is generated. Input is judged by core, with the same words on every
 * face; these schemas say what callers may expect, and tests hold every answer against them.
 */
import { z } from 'zod';

import { ACTIONS } from '#core/action.ts';
import { AUTHORITIES, SUBJECTS } from '#core/authority.ts';
import { PROBLEM_ANY_TIME, PROBLEM_ORDER } from '#core/problem.ts';
import { BULK_OPS } from '#operations/run-bulk.ts';

import { id, kind, lifecycle, standing, time, uuid } from './entity-schemas.ts';

const action = z.enum(ACTIONS);
const via = z.enum(['self', 'parent', 'owner', 'target']);

export const hold = z
  .strictObject({
    id: uuid,
    profile: z.string(),
    entity: uuid,
    authority: z.enum(AUTHORITIES).describe('The level with whose authority it was placed.'),
    subject: z.enum(SUBJECTS).describe('What it is about.'),
    source: z.string(),
    externalRef: z.string().nullable(),
    note: z.string().nullable(),
    placedBy: z.string().describe('The level alone, where it was placed above the account of the reader.'),
    placedByName: z.string().nullable().describe('Name of the login that placed it.'),
    placedAt: time,
    startsAt: time,
    endsAt: time.nullable(),
    activatedAt: time.nullable().describe('Null while it waits for its start.'),
    endedAt: time.nullable(),
    endCause: z.enum(['lifted', 'expired', 'closed']).nullable(),
    endedBy: z.string().nullable(),
    reviewAt: time.nullable(),
    inForce: z.boolean(),
  })
  .meta({ id: 'Hold' });

export const placeHold = z
  .object({
    profile: z.string().describe('Name of a profile, such as suspended.'),
    note: z.string().max(2_000).nullable().optional(),
    startsAt: time.nullable().optional().describe('Absent: now.'),
    endsAt: time.nullable().optional().describe('Absent: until it is lifted.'),
    reviewAt: time.nullable().optional(),
    source: z.string().max(128).nullable().optional().describe('Which system asks; absent: the login.'),
    externalRef: z
      .string()
      .max(128)
      .nullable()
      .optional()
      .describe("The source's own number of the reason, such as an invoice."),
    authority: z.enum(AUTHORITIES).nullable().optional().describe('Absent: the level of the caller.'),
    subject: z.enum(SUBJECTS).nullable().optional().describe('Absent: wish for an own hold, else as the role.'),
  })
  .meta({ id: 'PlaceHold' });

const reason = z
  .strictObject({
    cause: z.enum(['hold', 'closed', 'owner_closed', 'target_closed']),
    via,
    inherited: z.boolean(),
    entity: uuid.nullable().describe('Null where it sits above the account of the reader.'),
    entityNumber: z.number().int().nullable(),
    label: z.string().optional(),
    hold: uuid.nullable(),
    profile: z.string().nullable(),
    authority: z.string().nullable(),
    since: time.nullable(),
    until: time.nullable(),
    placedBy: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Reason' });

const asOf = {
  revision: z.number().int(),
  epoch: z.string(),
  staleForMs: z
    .number()
    .describe('Milliseconds since this process last knew that it had everything; 0 while it follows.'),
};

export const standingView = z
  .strictObject({
    entity: uuid,
    entityNumber: z.number().int(),
    kind,
    standing,
    lifecycle,
    denied: z.array(action),
    intercepted: z.array(action),
    reasons: z.array(reason),
    ...asOf,
    at: time.optional().describe('The moment that was asked for.'),
  })
  .meta({ id: 'Standing' });

export const explanation = z
  .strictObject({
    entity: uuid,
    standing: standingView,
    chain: z.array(
      z.strictObject({
        id: uuid,
        number: z.number().int(),
        kind,
        label: z.string(),
        via,
        closedAt: time.nullable(),
        holds: z.array(hold),
      }),
    ),
  })
  .meta({ id: 'Explanation' });

export const decision = z
  .strictObject({
    subject: z.string(),
    effect: z.enum(['allow', 'deny', 'intercept', 'unknown']),
    action,
    standing: standing.nullable(),
    reasons: z.array(reason),
    refusal: z
      .strictObject({
        sip: z.number().int(),
        http: z.number().int(),
        text: z.string(),
        announcement: z.string().optional(),
        profile: z.string().nullable(),
      })
      .nullable(),
    ...asOf,
  })
  .meta({ id: 'Decision' });

export const questions = z
  .object({
    questions: z.array(z.object({ subject: z.string(), action, destination: z.string().optional() })).max(1_000),
    atRevision: z.number().int().optional(),
  })
  .meta({ id: 'Questions' });
export const decisions = z.strictObject({ answers: z.array(decision) }).meta({ id: 'Decisions' });

export const profileBody = z
  .object({
    description: z.string().max(255).optional(),
    severity: z.number().int().min(0).max(1000).optional().describe('Of several holds the highest words the refusal.'),
    denied: z.array(action).optional(),
    intercepted: z.array(action).optional(),
    refusal: z
      .object({
        sip: z.number().int().optional(),
        http: z.number().int().optional(),
        text: z.string().optional(),
        announcement: z.string().nullable().optional(),
      })
      .optional(),
    sessions: z.enum(['finish', 'end']).optional().describe('What happens to calls and log-ins in progress.'),
    systems: z.record(z.string(), z.unknown()).optional(),
    legalOverride: z.object({ author: z.string(), reason: z.string(), expiresAt: time }).nullable().optional(),
  })
  .meta({ id: 'PutProfile' });
export const profile = z
  .strictObject({
    name: z.string(),
    version: z.number().int(),
    builtin: z.boolean(),
    description: z.string(),
    severity: z.number().int(),
    denied: z.array(action),
    intercepted: z.array(action),
    refusal: z.strictObject({
      sip: z.number().int(),
      http: z.number().int(),
      text: z.string(),
      announcement: z.string().nullable(),
    }),
    sessions: z.enum(['finish', 'end']),
    systems: z.record(z.string(), z.unknown()),
    legalOverride: z.strictObject({ author: z.string(), reason: z.string(), expiresAt: time }).nullable(),
    updatedAt: time,
  })
  .meta({ id: 'Profile' });

export const change = z
  .strictObject({
    revision: z.number().int(),
    at: time,
    actor: z.string(),
    account: uuid.nullable().describe('The account of the actor.'),
    actingAs: uuid.nullable().describe('The account that the actor acted as, where it was another.'),
    face: z.string().nullable(),
    request: z.string().nullable(),
    address: z.string().nullable().describe('Where the request came from, until it is erased.'),
    reason: z.string().nullable().describe('Why it was made, as its author said, until it is erased.'),
    kind: z.string(),
    entity: uuid.nullable(),
    entityNumber: z.number().int().nullable(),
    facts: z.record(z.string(), z.unknown()),
    personal: z.record(z.string(), z.unknown()).optional().describe('Personal values that were not erased.'),
  })
  .meta({ id: 'Change' });
export const changePage = z
  .strictObject({ items: z.array(change), next: z.string().nullable(), total: z.null() })
  .meta({ id: 'ChangePage' });

export function pageOf(item: z.ZodType, name: string) {
  return z
    .strictObject({
      items: z.array(item),
      next: z.string().nullable().describe('The cursor of the next page.'),
      total: z.number().int().nullable(),
    })
    .meta({ id: name });
}

export const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum([...PROBLEM_ORDER, ...PROBLEM_ANY_TIME]),
    detail: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), message: z.string() })),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });

export const bulk = z
  .object({
    items: z
      .array(
        z.object({
          op: z.enum(BULK_OPS),
          entity: id.optional(),
          hold: uuid.optional(),
          name: z.string().optional(),
          body: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .max(10_000),
  })
  .meta({ id: 'Bulk' });
export const bulkAnswer = z
  .strictObject({
    items: z.array(
      z.strictObject({
        index: z.number().int(),
        status: z.number().int(),
        body: z.unknown().optional(),
        problem: problem.optional(),
      }),
    ),
    succeeded: z.number().int(),
    failed: z.number().int(),
  })
  .meta({ id: 'BulkAnswer' });

export const status = z
  .strictObject({
    version: z.string(),
    installation: uuid,
    epoch: uuid,
    revision: z.number().int(),
    entities: z.number().int(),
    schemaVersion: z.number().int(),
  })
  .meta({ id: 'Status' });

export const moveBody = z.object({ parent: id }).meta({ id: 'Move' });
export const transferBody = z.object({ owner: id.nullable() }).meta({ id: 'Transfer' });
export const entityParams = z.object({
  id: z.string().min(1).max(600).describe('UUID, number, or identifier such as sip:alice@example.com'),
});
export const atQuery = z.object({
  at: z.string().max(64).optional().describe('As it was at a time (RFC 3339) or a revision; absent: now.'),
});
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
export const listQuery = z.object({
  kind: z.string().optional().describe('Kinds, separated by commas.'),
  standing: standing.optional(),
  q: z.string().max(255).optional().describe('Part of the label.'),
  owner: z.string().optional(),
  beneath: z.string().optional().describe('Everything beneath an entity, what its accounts own elsewhere included.'),
  closed: flag.optional().describe('Closed ones, too.'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  total: z.enum(['exact']).optional(),
});
