/** The shapes of systems, targets and receipts. */
import { z } from 'zod';

import { KINDS } from '#core/kind.ts';
import { DRIFT_MODES, PACE_BOUNDS, RATE_BOUNDS } from '#core/system-body.ts';
import { SYSTEM_KINDS } from '#core/system-kind.ts';

import { id, kind as entityKind, time, uuid } from './entity-schemas.ts';

const whole = z.number().int();
const count = whole.min(0);
export const systemKindName = z.enum(SYSTEM_KINDS);
const drift = z.enum(DRIFT_MODES);
const bounded = (name: keyof typeof PACE_BOUNDS) => whole.min(PACE_BOUNDS[name][0]).max(PACE_BOUNDS[name][1]);

const pace = {
  concurrency: bounded('concurrency').describe('Requests at once, of all workers together.'),
  rate: z.number().min(RATE_BOUNDS[0]).max(RATE_BOUNDS[1]).nullable().describe('Requests a second; null: no limit.'),
  timeoutMs: bounded('timeoutMs').describe('How long one request may take.'),
  flightMaxMs: bounded('flightMaxMs').describe(
    'The longest after which a request that was given up may still act there.',
  ),
  retryMinMs: bounded('retryMinMs').describe('The least wait before another try.'),
  retryMaxMs: bounded('retryMaxMs').describe('The longest.'),
  breakerFailures: bounded('breakerFailures').describe('Failures in a row after which nothing is sent for a while.'),
  breakerOpenMs: bounded('breakerOpenMs').describe('How long that is.'),
  driftEveryMs: bounded('driftEveryMs').describe('From one sweep for drift to the next.'),
};
const settings = z.record(z.string(), z.unknown());
const outcomes = {
  confirmed: count,
  pending: count.describe('Not told yet.'),
  waiting: count.describe('The system works on it.'),
  retrying: count.describe('Told without success, and told again by itself.'),
  failed: count.describe('It needs a person.'),
  acknowledged: count.describe('It needs a person, and one knows of it.'),
};

export const system = z
  .strictObject({
    id: uuid,
    name: z.string(),
    kind: systemKindName,
    account: uuid.nullable().describe('The account of whose things it is told, where the reader may know.'),
    settings,
    secrets: z.record(z.string(), z.boolean()).describe('Whether each is set; never what it is.'),
    ...pace,
    drift: drift.describe('Whether it is asked what it has, and what differs is reported or repaired.'),
    state: z.strictObject({
      circuit: z
        .enum(['closed', 'open', 'trying'])
        .describe('open: it failed too often, and is left alone for a while.'),
      openUntil: time.nullable(),
      failures: count.describe('Failures in a row.'),
      lastProblem: z.string().nullable(),
      paused: z
        .strictObject({ since: time, by: z.string().nullable(), note: z.string().nullable() })
        .nullable()
        .describe('by is for the platform alone.'),
      sweepLag: z
        .strictObject({ changes: count, ms: count })
        .describe('Changes whose targets were not looked for yet, and the age of the first.'),
      nextDriftSweepAt: time.nullable(),
    }),
    targets: z.strictObject({
      total: count,
      drifted: count.describe('Confirmed, and changed there since.'),
      ...outcomes,
    }),
    version: whole.describe('The ETag.'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'System' });
export const createdSystem = system
  .extend({
    generated: z
      .record(z.string(), z.string())
      .optional()
      .describe('Credentials that were made because none were given. They are shown this once.'),
  })
  .meta({ id: 'CreatedSystem' });

const bodyIn = {
  settings: settings.optional().describe('As GET /v1/system-kinds describes them; null clears one.'),
  secrets: settings.optional().describe('Kept sealed and never shown; absent ones stay, null clears one.'),
  ...Object.fromEntries(Object.entries(pace).map(([name, schema]) => [name, schema.nullable().optional()])),
  drift: drift.nullable().optional(),
};
export const createSystem = z
  .object({
    name: z.string().describe('What foreign resources name in their field system, and numbers in provider.'),
    kind: systemKindName,
    account: id.optional().describe('Of a webhook; absent: the account of the caller.'),
    ...bodyIn,
  })
  .meta({ id: 'CreateSystem' });
export const changeSystem = z.object(bodyIn).meta({ id: 'ChangeSystem' });
export const pauseSystem = z
  .object({ note: z.string().max(2_000).nullable().optional().describe('What for; shown until it is resumed.') })
  .meta({ id: 'PauseSystem' });
export const handOver = z
  .object({ fingerprint: z.string().max(128).optional().describe('SHA-256 of its certificate, in hex.') })
  .meta({ id: 'HandOver' });
export const handedOver = z
  .strictObject({
    system,
    fingerprint: z.string().describe('SHA-256 of the certificate by which the endpoint is known from now on.'),
    isRotation: z.boolean().describe('It had certificates before, which stay good there for an hour.'),
  })
  .meta({ id: 'HandedOver' });

const field = z.strictObject({
  name: z.string(),
  type: z.enum(['text', 'integer', 'boolean', 'text_list', 'json', 'reference']),
  note: z.string(),
  required: z.boolean(),
  immutable: z.boolean(),
  computed: z.boolean().describe('Kept by Abeyance itself; it cannot be given.'),
  default: z.unknown(),
  oneOf: z.array(z.string()).nullable(),
  min: z.number().nullable(),
  max: z.number().nullable().describe('Of an integer the largest, of a text the most characters.'),
});
export const systemKind = z
  .strictObject({
    kind: systemKindName,
    note: z.string(),
    reach: z
      .enum(['bound', 'node', 'events', 'none'])
      .describe(
        'bound: what names it, or is bound by hand. node: whatever is held. events: it follows what happens. none: it is told nothing.',
      ),
    serves: z.array(z.enum(KINDS)),
    observes: z.boolean().describe('It can say what it has, so that drift can be found.'),
    settings: z.array(field),
    secrets: z.array(field),
    pace: z.strictObject(pace),
  })
  .meta({ id: 'SystemKind' });

const targetFields = {
  system: z.string(),
  systemKind: systemKindName,
  entity: uuid,
  entityNumber: whole,
  entityKind,
  label: z.string(),
  outcome: z.enum(['confirmed', 'drifted', 'pending', 'waiting', 'retrying', 'failed', 'acknowledged']),
  desiredGeneration: count.describe('The revision of the change that reached it last.'),
  confirmedGeneration: count.describe('The one that the system confirmed last.'),
  problem: z.strictObject({ code: z.string(), detail: z.string().nullable(), since: time.nullable() }).nullable(),
  note: z.string().nullable().describe('What the system said last, for people.'),
  attempts: count.describe('Tries of this generation without success.'),
  nextTryAt: time.nullable().describe('Null: nothing is to be done.'),
  running: z.boolean().describe('It is being told at this moment.'),
  toldAt: time.nullable(),
  confirmedAt: time.nullable(),
  acknowledgedAt: time.nullable(),
};
const detailFields = {
  reference: z.unknown().describe('How the system names it.'),
  boundByHand: z.boolean(),
  node: z.boolean().describe('A held node that is told as a whole.'),
  confirmed: z.unknown().describe('The state that was confirmed last.'),
  unproven: z.boolean().describe('A request may have acted without a reply.'),
  acknowledgedBy: z.string().nullable(),
  observed: z.unknown().describe('What the system had when it was asked last.'),
  observedAt: time.nullable(),
  createdAt: time,
};
export const target = z.strictObject({ ...targetFields, ...detailFields }).meta({ id: 'Target' });
const partialDetails = Object.fromEntries(
  Object.entries(detailFields).map(([name, schema]) => [name, schema.optional()]),
);
export const targetOfEntity = z
  .strictObject({ ...targetFields, ...partialDetails })
  .describe('The last nine fields are for the platform alone.')
  .meta({ id: 'TargetOfEntity' });
export const bindTarget = z
  .object({ reference: z.unknown().describe('How the system names it: text, or JSON as the kind of system reads it.') })
  .meta({ id: 'BindTarget' });
export const chooseTargets = z
  .object({
    outcome: z.string().optional().describe('Outcomes with commas between them; absent: failed.'),
    problem: z.string().optional().describe('The code of their problem.'),
    beneath: id.optional().describe('Those of this entity and of all beneath it.'),
  })
  .meta({ id: 'ChooseTargets' });
export const targetCount = z.strictObject({ system: z.string(), count }).meta({ id: 'TargetCount' });

const totals = z.strictObject({
  system: z.string(),
  kind: systemKindName,
  targets: count.describe('How many the change reached; all counts that follow add up to it.'),
  ...outcomes,
  superseded: z
    .strictObject({ confirmed: count, open: count })
    .describe('Reached by a later change: confirmed before, or still open then.'),
});
const progressFields = {
  revision: whole,
  state: z
    .enum(['expanding', 'running', 'settled'])
    .describe('settled: all is confirmed, superseded, or waits for a person.'),
  systems: z.array(totals),
};
export const receiptProgress = z.strictObject(progressFields).meta({ id: 'ReceiptProgress' });
export const receipt = z
  .strictObject({
    kind: z.string().describe('Of the last change that the write made.'),
    actor: z.string(),
    at: time,
    entity: uuid.nullable(),
    entityNumber: whole.nullable(),
    ...progressFields,
    items: z.array(targetOfEntity).describe('Targets that it reached last, by system; later changes have the others.'),
    next: z.string().nullable().describe('The cursor of the next page.'),
  })
  .meta({ id: 'Receipt' });

export const plannedSystems = z
  .array(
    z.strictObject({
      system: z.string(),
      kind: systemKindName,
      targets: count.describe('As many as the receipt of the change will count.'),
      told: z.record(z.string(), count).describe('What is told to how many, in the words of the system.'),
      unchanged: count,
    }),
  )
  .describe('What each system would be told; those that the change does not reach are left out.');
