/** Changes as a reader may know them: of an author above only the level is told, not the name nor what was noted. */
import { manages } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import type { Change } from '#store/change-list.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers } from '#store/entity.ts';
import { levelsOf } from '#store/role.ts';

/** What a hold tells of its author; whoever is held from above does not learn it, here or in the hold. */
const OF_AUTHOR = new Set(['source', 'externalRef', 'note']);

/** The changes, without what the actor may not know of their authors. */
export async function redactAuthors(session: Session, actor: Actor, rows: readonly Change[]): Promise<Change[]> {
  if (actor.accountId === 0) return [...rows];
  const accounts = [...new Set(rows.map(accountOf))];
  const levels = await levelsOf(session, accounts);
  const known = new Set(
    (await listByNumbers(session, accounts)).filter((each) => manages(actor, each)).map(({ id }) => id),
  );
  return rows.map(withoutStates).map((row) => {
    const account = accountOf(row);
    if (known.has(account) || row.actor.startsWith('system:')) return row;
    return {
      ...row,
      actor: levels.get(account) ?? 'platform',
      account_uuid: null,
      acting_as_uuid: null,
      request_personal: null,
      facts: row.kind === 'hold.placed' ? without(row.facts) : row.facts,
      personal: row.personal === null || row.kind !== 'hold.placed' ? row.personal : without(row.personal),
    };
  });
}

/** The account with whose right it was made; what is older than its telling was the platform's. */
function accountOf({ origin }: Change): number {
  return origin?.as ?? origin?.account ?? 0;
}

/** What a system has and should have of an entity is told to the platform alone, here as in the target. */
const STATES: ReadonlySet<string> = new Set(['found', 'wanted']);

function withoutStates(row: Change): Change {
  return row.kind.startsWith('drift.') ? { ...row, facts: without(row.facts, STATES) } : row;
}

function without<T>(values: Record<string, T>, names: ReadonlySet<string> = OF_AUTHOR): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
}
