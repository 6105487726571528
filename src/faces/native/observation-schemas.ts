/** The shapes of observations: what servers report that they refused, and how it is listed. */
import { z } from 'zod';

import { ACTIONS } from '#core/action.ts';
import { COUNT_MAX, OBSERVATIONS_MAX } from '#operations/count-observations.ts';

import { time, uuid } from './entity-schemas.ts';

const action = z.enum(ACTIONS);
const effect = z.enum(['deny', 'intercept']);
const whole = z.number().int();

export const report = z
  .object({
    source: z.string().max(64).describe('The server, by a name of its own.'),
    observations: z
      .array(
        z.object({
          subject: z.string().max(512),
          action,
          effect: effect.optional().describe('deny if it is absent.'),
          profile: z.string().nullable().optional(),
          code: whole.min(1).max(999).nullable().optional().describe('What was answered, such as 403.'),
          count: whole.min(1).max(COUNT_MAX).optional().describe('1 if it is absent.'),
          at: time.optional().describe('Now if it is absent, or lies ahead.'),
        }),
      )
      .max(OBSERVATIONS_MAX),
  })
  .meta({ id: 'Report' });

export const counted = z
  .strictObject({
    accepted: whole.describe('Observations that were counted.'),
    unknown: whole.describe('Those of them whose subject is not known: counted without its name.'),
    late: whole.describe('Those that were more than a day old, and not counted.'),
  })
  .meta({ id: 'Counted' });

export const observation = z
  .strictObject({
    minute: time,
    subject: z.string().nullable().describe('The label of the subject. Null where the name was nobody’s.'),
    entity: uuid.nullable(),
    entityNumber: whole.nullable(),
    account: uuid.nullable().describe('The nearest account that contains the subject, or is it.'),
    action,
    effect,
    profile: z.string().nullable(),
    code: whole.nullable(),
    source: z.string(),
    count: whole,
  })
  .meta({ id: 'Observation' });
