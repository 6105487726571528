/**
 * A change that may reach far: planned first, shown, confirmed, and only then carried out.
 *
 * One entity needs no question. When nobody can be asked the server's own guard decides, and `--yes` overrules nothing
 * but the question: what is applied is always the plan that was made a moment before.
 */
import type { Applied, EntityView, PlanView } from './api-types.ts';
import { entityPath } from './client.ts';
import { CommandFailed } from './exit-code.ts';
import { planLines } from './render/plan-lines.ts';
import { entitiesText, entityName } from './render/words.ts';
import type { Session } from './session.ts';

export interface Intention<Result> {
  readonly entity: EntityView;
  /** The gerund that begins the sentences: `Suspending`, `Closing`. */
  readonly doing: string;
  /** The body of the request for a plan. */
  readonly intent: Readonly<Record<string, unknown>> & { readonly action: string };
  /** The same change without a plan, for when nobody can be asked; null when it must never go unasked. */
  readonly direct: (() => Promise<Result>) | null;
  /** Told what the plan says, before anything is changed. */
  readonly onPlan?: (plan: PlanView) => void;
  /** Told the revision, once it is carried out by its plan. */
  readonly onRevision?: (revision: number) => void;
}

/** Asks the server what would change. */
export function makePlan(
  session: Session,
  entity: EntityView,
  intent: Intention<unknown>['intent'],
): Promise<PlanView> {
  return session.client.post<PlanView>(entityPath(entity.id, '/plan'), intent);
}

/** Applies a plan; refused when the tree has changed where the plan looked. */
export function applyPlan<Result>(
  session: Session,
  token: string,
  onRevision?: (revision: number) => void,
): Promise<Applied<Result>> {
  return session.client.post<Applied<Result>>(`/v1/plans/${encodeURIComponent(token)}/apply`, {}, { onRevision });
}

/** Plans, shows, asks, carries out. Throws `CommandFailed` when the user says no. */
export async function carryOut<Result>(session: Session, intention: Intention<Result>): Promise<Result> {
  const { terminal, isJson, isConfirmed } = session;
  const { entity, doing, intent, direct } = intention;
  const plan = await makePlan(session, entity, intent);
  intention.onPlan?.(plan);
  const isFar = plan.effect.changing.total > 1 || direct === null;
  if (isFar && !isJson)
    for (const line of planLines(`${doing} ${entityName(entity)}`, plan, terminal.paint)) terminal.line(line);
  if (isFar && !isConfirmed) {
    const needsYes = `${doing} ${entityName(entity)} changes ${entitiesText(plan.effect.changing.total)}, and nobody can be asked here: add --yes`;
    if (!isJson && terminal.canAsk) {
      if (!(await terminal.confirm('Go on?', session.signal))) throw new CommandFailed('nothing was changed');
    } else {
      if (direct === null) throw new CommandFailed(needsYes);
      return direct();
    }
  }
  const applied = await applyPlan<Result>(session, plan.token, intention.onRevision);
  if (applied.createdSince > 0)
    terminal.note(`${entitiesText(applied.createdSince)} came in beneath it since the plan was made.`);
  return applied.result;
}
