/** Counts what the account APIs themselves refused, beside what servers report: the refused account reads of both. */
import type { Action } from '#core/action.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { countObservations } from '#store/observation.ts';

/** An account API, as the source of what it refuses. */
export type RefusingFace = 'restcomm' | 'twilio';

export interface RefusedUse {
  /** Who was refused, by number: an account, a number or a client. */
  readonly entityId: number;
  readonly action: Action;
  /** By which it was refused; null: looked up, and none where no hold but a closed node refuses. */
  readonly profile?: string | null | undefined;
}

const MINUTE_MS = 60_000;
/** What these APIs answer to it. */
const CODE = 403;

export async function countRefusal(context: OperationContext, face: RefusingFace, refused: RefusedUse): Promise<void> {
  const { entityId, action } = refused;
  const minute = new Date(Math.floor(context.clock().getTime() / MINUTE_MS) * MINUTE_MS);
  const profile = refused.profile === undefined ? profileOf(context, entityId, action) : refused.profile;
  await countObservations(reader(context), [
    { minute, entityId, action, source: face, effect: 'deny', profile, code: CODE, count: 1 },
  ]);
}

function profileOf({ engine }: OperationContext, entityId: number, action: Action): string | null {
  const { reasons } = engine.decideFor(entityId, action);
  return reasons.find(({ profile }) => profile !== null)?.profile ?? null;
}
