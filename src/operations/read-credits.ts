/** What an account was granted, what it uses, and which accounts right beneath it use how much. */
import { CREDIT_KINDS, CREDITS, type Credit, limitOf } from '#core/credit.ts';
import type { Kind } from '#core/kind.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { readLimit } from '#operations/read-entity.ts';
import { getEntity, requireKind } from '#operations/resolve.ts';
import { type UsedBy, isReseller, listCredits, listUsers } from '#store/credit.ts';
import type { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';

export interface CreditView {
  readonly credit: Credit;
  readonly kind: Kind;
  /** Null: no limit of its own. */
  readonly granted: number | null;
  /** What holds: the grant, or what the absence of one means. Null: no limit of its own. */
  readonly limit: number | null;
  /** Null for the platform, which is not counted. */
  readonly used: number | null;
  readonly left: number | null;
  /** By how much the use exceeds the limit. */
  readonly over: number;
  /** The accounts right beneath that use it, most first. `total` counts those that are not shown, too. */
  readonly children: { readonly items: readonly UsedBy[]; readonly total: number };
}

export interface CreditsView {
  readonly entity: string;
  readonly entityNumber: number;
  readonly credits: readonly CreditView[];
}

/** So many accounts beneath are shown for each credit, unless another number is asked for. */
const CHILDREN_DEFAULT = 20;

/** Throws `not_found`, and `invalid` for what is no account. */
export async function readCredits(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  children?: number,
): Promise<CreditsView> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'credit:read');
  requireKind(entity, ['account'], 'id');
  const errors: FieldError[] = [];
  const limit = children === 0 ? 0 : readLimit(children ?? CHILDREN_DEFAULT, errors);
  if (errors.length > 0) throw invalid(...errors.map((error) => ({ ...error, field: 'children' })));
  return viewCredits(context, session, entity, limit);
}

/** The view of an account. */
export async function viewCredits(
  context: OperationContext,
  session: Session,
  account: EntityState,
  childrenMax = CHILDREN_DEFAULT,
): Promise<CreditsView> {
  const rows = new Map((await listCredits(session, account.id)).map((row) => [row.credit, row]));
  const users = Map.groupBy(await listUsers(session, account.id, childrenMax), (user) => user.credit);
  const isPlatform = account.id === 0;
  const isFree = isPlatform || (await isReseller(session, account.id));
  const credits = CREDITS.map((credit): CreditView => {
    const row = rows.get(credit);
    const granted = row?.granted ?? null;
    const limit = limitOf(granted, isFree, context.settings.customerCreditDefault);
    const used = row?.used ?? 0;
    const using = users.get(credit) ?? [];
    return {
      credit,
      kind: CREDIT_KINDS[credit],
      granted,
      limit,
      used: isPlatform ? null : used,
      left: limit === null ? null : Math.max(0, limit - used),
      over: limit === null ? 0 : Math.max(0, used - limit),
      children: {
        items: using.slice(0, childrenMax).map((user) => ({ id: user.id, label: user.label, used: user.used })),
        total: using[0]?.total ?? 0,
      },
    };
  });
  return { entity: account.uuid, entityNumber: account.id, credits };
}
