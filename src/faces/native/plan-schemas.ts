/** Plans, as the native face takes and shows them. */
import { z } from 'zod';

import { entity, kind, laggingZones, portOutPending, time, uuid } from './entity-schemas.ts';
import { hold, profile } from './schemas.ts';
import { plannedSystems } from './system-schemas.ts';

const tally = z.strictObject({ total: z.number().int(), byKind: z.partialRecord(kind, z.number().int()) });
const tallies = { changing: tally, alreadyHeld: tally, unchanged: tally };
const told = {
  laggingZones: laggingZones.optional(),
  portOutPending: portOutPending.optional(),
  systems: plannedSystems,
};
export const planIntent = z
  .object({ action: z.enum(['hold', 'lift', 'close', 'profile']) })
  .loose()
  .describe('hold: the fields of a hold. lift: hold, its id. close: nothing. profile: name and body, on the platform.')
  .meta({ id: 'PlanIntent' });
export const plan = z
  .strictObject({
    token: uuid,
    entity: uuid,
    intent: z.record(z.string(), z.unknown()),
    effect: z.strictObject({ beneath: z.number().int(), ...tallies, ...told }),
    revision: z.number().int(),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: 'Plan' });
export const appliedPlan = z
  .strictObject({ token: uuid, result: z.union([hold, entity, profile]), createdSince: z.number().int() })
  .meta({ id: 'AppliedPlan' });
