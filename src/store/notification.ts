/**
 * Notifications: what was refused to an account, read from the observations, one for each subject and minute. The first
 * observation of them names it.
 */
import { type RawBuilder, sql } from 'kysely';

import { NOTIFIED_ACTIONS } from '#core/notification.ts';
import type { Session } from '#store/database.ts';

export interface NotificationRow {
  readonly uuid: string;
  readonly account_id: number;
  readonly account_uuid: string;
  readonly minute: Date;
  readonly count: number;
  /** A sentence that names who was refused, its account, how that stood, and how often. */
  readonly text: string;
}

export interface NotificationFilter {
  readonly account: number;
  readonly withBeneath: boolean;
  readonly since: Date | null;
  /** Excluded. */
  readonly until: Date | null;
  /** A part of the text. */
  readonly text: string | null;
  readonly ascending: boolean;
}

/** Those of accounts that are open; `where` narrows the observations. */
function notifications(where: RawBuilder<unknown>): RawBuilder<NotificationRow> {
  return sql<NotificationRow>`select g.uuid, g.account_id, g.account_uuid, g.minute, g.count::bigint as count, g.id,
      format('%s was refused %s: account %s is %s',
        case when s.kind = 'account' then 'Account ' || g.sid
          else concat_ws(' ', case s.kind when 'phone_number' then 'Number' when 'sip_account' then 'Client' else 'Address' end,
            s.label, 'of account', g.sid) end,
        case g.count when 1 then 'once' else g.count || ' times' end, g.sid,
        case when g.profile is null then 'not active' when g.profile in ('inactive', 'uninitialized') then g.profile
          else 'suspended' end) as text
    from (
      select (array_agg(o.uuid order by o.id))[1] as uuid, min(o.id) as id, o.account_id, a.uuid as account_uuid, o.minute,
        o.entity_id, sum(o.count) as count, (array_agg(o.profile order by o.id))[1] as profile,
        'AC' || replace(a.uuid::text, '-', '') as sid
      from observation o join entity a on a.id = o.account_id
      where o.effect = 'deny' and o.action = any (${[...NOTIFIED_ACTIONS]}::text[])
        and not exists (select from entity c where c.id = any (a.ancestors) and c.closed_at is not null) and ${where}
      group by o.account_id, a.uuid, o.minute, o.entity_id
    ) g join entity s on s.id = g.entity_id`;
}

function conditionsOf({ account, withBeneath, since, until }: NotificationFilter): RawBuilder<unknown> {
  const place = withBeneath
    ? account === 0
      ? sql`true`
      : sql`o.account_id in (select d.id from entity d where d.ancestors @> array[${account}::bigint])`
    : sql`o.account_id = ${account}`;
  return sql.join(
    [
      place,
      ...(since === null ? [] : [sql`o.minute >= ${since}::timestamptz`]),
      ...(until === null ? [] : [sql`o.minute < ${until}::timestamptz`]),
    ],
    sql` and `,
  );
}

const matching = ({ text }: NotificationFilter) =>
  text === null ? sql`true` : sql`strpos(lower(n.text), lower(${text})) > 0`;

/** A part of the list, the newest first unless it is to be the other way round. */
export function listNotifications(
  session: Session,
  filter: NotificationFilter,
  offset: number,
  limit: number,
): Promise<NotificationRow[]> {
  const direction = filter.ascending ? sql`asc` : sql`desc`;
  return session.rows(
    sql<NotificationRow>`select n.* from (${notifications(conditionsOf(filter))}) n where ${matching(filter)}
      order by n.minute ${direction}, n.id ${direction} limit ${limit} offset ${offset}`,
  );
}

export async function countNotifications(session: Session, filter: NotificationFilter): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) as count from (${notifications(conditionsOf(filter))}) n
      where ${matching(filter)}`,
  );
  return row?.count ?? 0;
}

/** The notification that the UUID names, whoever's it is. */
export function findNotification(session: Session, uuid: string): Promise<NotificationRow | null> {
  const group = notifications(
    sql`(o.account_id, o.entity_id, o.minute) in (
      select f.account_id, f.entity_id, f.minute from observation f where f.uuid = ${uuid}::uuid)`,
  );
  return session.row(sql<NotificationRow>`select n.* from (${group}) n where n.uuid = ${uuid}::uuid`);
}
