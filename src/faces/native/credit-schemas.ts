/** The shapes of credits: what is granted, and what an account has and uses. */
import { z } from 'zod';

import { CREDITS, GRANT_MAX } from '#core/credit.ts';

import { kind, uuid } from './entity-schemas.ts';

const credit = z.enum(CREDITS as [(typeof CREDITS)[number], ...(typeof CREDITS)[number][]]); // There are some.
const count = z.number().int();

export const putCredits = z
  .object(
    Object.fromEntries(
      CREDITS.map((name) => [name, z.number().int().min(0).max(GRANT_MAX).nullable().optional()] as const),
    ),
  )
  .describe('What is not named stays as it is; null takes a grant away.')
  .meta({ id: 'PutCredits' });

export const credits = z
  .strictObject({
    entity: uuid,
    entityNumber: count,
    credits: z.array(
      z.strictObject({
        credit,
        kind,
        granted: count.nullable().describe('Null: no limit of its own.'),
        limit: count
          .nullable()
          .describe(
            'The grant, or what the absence of one means here. Null: no limit of its own; those above it hold.',
          ),
        used: count.nullable().describe('Null for the platform, which is not counted.'),
        left: count.nullable().describe('Of its own limit.'),
        over: count.describe('By how much the use exceeds the limit.'),
        children: z
          .strictObject({
            items: z.array(z.strictObject({ id: uuid, label: z.string(), used: count })),
            total: count.describe('How many there are, shown or not.'),
          })
          .describe('The accounts right beneath that use it, most first.'),
      }),
    ),
  })
  .meta({ id: 'Credits' });

export const creditsQuery = z.object({
  children: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe('How many accounts beneath are shown for each credit; absent: 20.'),
});
