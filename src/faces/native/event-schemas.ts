/** The shapes of events, and of their deliveries to webhooks. */
import { z } from 'zod';

import { ACTIONS } from '#core/action.ts';
import { EVENT_TYPES } from '#core/event.ts';
import { DELIVERY_OUTCOMES, DELIVERY_REASONS } from '#core/systems/webhook.ts';

import { time, uuid } from './entity-schemas.ts';

const whole = z.number().int();
const standingNews = z
  .strictObject({
    standing: z.enum(['active', 'limited', 'suspended', 'closed']),
    denied: z.array(z.enum(ACTIONS)),
    intercepted: z.array(z.enum(ACTIONS)),
  })
  .meta({ id: 'StandingNews' });

export const event = z
  .strictObject({
    id: uuid,
    sequence: whole.describe('Its place among all events.'),
    type: z.enum(EVENT_TYPES),
    at: time.describe('When the change was committed.'),
    revision: whole.describe('The change that made it.'),
    account: uuid,
    accountNumber: whole,
    before: standingNews.nullable().describe('Null for an account that was created.'),
    after: standingNews,
    cause: z.string().describe('The kind of the change, such as hold.placed.'),
    entity: uuid
      .nullable()
      .describe('The account on which the change was made. Null above your account, and for a profile.'),
    entityNumber: whole.nullable(),
    hold: uuid.nullable(),
    profile: z.string().nullable(),
    actor: z.string().describe('Who made the change; of somebody above your account only the level.'),
  })
  .meta({ id: 'Event' });

export const eventPage = z
  .strictObject({ items: z.array(event), next: z.string().nullable(), total: z.null() })
  .meta({ id: 'EventPage' });

export const delivery = z
  .strictObject({
    id: uuid,
    outcome: z.enum(DELIVERY_OUTCOMES),
    reason: z.enum(DELIVERY_REASONS),
    event: uuid.nullable().describe('The event; null for a test.'),
    type: z.string(),
    account: uuid.nullable(),
    createdAt: time,
    attempts: whole,
    nextAttemptAt: time.nullable().describe('When it is sent next; null once it is settled.'),
    settledAt: time.nullable(),
    responseCode: whole.nullable().describe('What the last attempt was answered.'),
    problem: z.string().nullable(),
  })
  .meta({ id: 'Delivery' });

export const deliveryWithAttempts = delivery
  .extend({
    tries: z.array(
      z.strictObject({
        attempt: whole,
        at: time,
        endedAt: time.nullable().describe('Null while it is sent, and for ever when the process ended meanwhile.'),
        responseCode: whole.nullable(),
        responseText: z.string().nullable().describe('The beginning of the answer.'),
        problem: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'DeliveryWithAttempts' });

export const replay = z
  .object({
    events: z.array(z.string()).optional().describe('These events, by their ids.'),
    from: time.optional().describe('Events not before this time.'),
    to: time.optional().describe('Events not after this time.'),
    onlyFailed: z.boolean().optional().describe('Only what was given up, and not delivered since.'),
  })
  .meta({ id: 'Replay' });

export const replayed = z.strictObject({ deliveries: whole.describe('How many were begun.') }).meta({ id: 'Replayed' });
