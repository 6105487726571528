/** What a closed number waits for before it can be assigned again, and what another operator has asked for. */
import { restUntil } from '#core/number-rest.ts';
import { type OperationContext, restSettings } from '#operations/context.ts';
import type { EntityView } from '#operations/entity-view.ts';
import type { Session } from '#store/database.ts';
import { type PortOutPending, findPortOutPending, listResting } from '#store/number.ts';

/** Adds to the views of closed numbers until when they rest, and whether their provider still has them. */
export async function withRests(
  { settings }: Pick<OperationContext, 'settings'>,
  session: Session,
  views: readonly EntityView[],
): Promise<EntityView[]> {
  const ids = views
    .filter(({ kind, standing }) => kind === 'phone_number' && standing === 'closed')
    .map(({ number }) => number);
  if (ids.length === 0) return [...views];
  const rests = new Map((await listResting(session, ids)).map((row) => [row.entity_id, row]));
  return views.map((view) => {
    const row = rests.get(view.number);
    if (row === undefined || row.closed_since === null) return view;
    return {
      ...view,
      quarantinedUntil: restUntil(row.closed_since, row.country, restSettings(settings)).toISOString(),
      ...(row.release_pending ? { releasePending: true } : {}),
    };
  });
}

/** As a part of an answer: absent when there are none. */
export async function portOutPending(
  session: Session,
  ids: readonly number[],
): Promise<{ readonly portOutPending?: PortOutPending }> {
  const found = ids.length === 0 ? null : await findPortOutPending(session, ids);
  return found === null ? {} : { portOutPending: found };
}
