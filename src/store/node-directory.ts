/** What systems have to know of the tree beneath a node that is held: which zones, and whose sessions. */
import { sql } from 'kysely';

import { ACTION_BIT, type Action } from '#core/action.ts';
import { normaliseSubject } from '#core/identifier.ts';
import type { Session } from '#store/database.ts';
import { countBeneath } from '#store/entity.ts';
import { LOOK_MAX } from '#store/lagging-zones.ts';

/**
 * The names of the zones and ENUM ranges whose answers depend on the node: those beneath, the closed ones too, for they were
 * answered a moment ago, and those that contain records of it. Null where there are more than `limit`, or where too much
 * lies beneath to look through.
 */
export async function zonesBeneath(session: Session, node: number, limit: number): Promise<string[] | null> {
  if ((await countBeneath(session, node, LOOK_MAX + 1)) > LOOK_MAX) return null;
  const rows = await session.rows(
    sql<{ name: string }>`with beneath as materialized (
        select e.id, e.kind, e.parent_id from list_beneath(${node}::bigint, ${LOOK_MAX + 1}::integer) b (id) join entity e on e.id = b.id
      ), reached as (
        select id from beneath where kind in ('dns_zone', 'enum_range')
        union select parent_id from beneath where kind in ('dns_record', 'enum_number')
      )
      select enforce.powerdns_name(i.scheme, i.value) as name from reached r
      join identifier i on i.entity_id = r.id and i.scheme in ('dns', 'enum-range') order by 1 limit ${limit + 1}`,
  );
  return rows.length > limit ? null : rows.map(({ name }) => name);
}

/** Addresses are looked up so many at a time, so that no statement runs long. */
const BATCH = 1_000;

/**
 * Those of the live users whose mailbox lies beneath the node, or is owned there, and may not do the action now: whoever was
 * resumed in the meantime is not among them. Names that are no addresses of mailboxes are nobody's.
 */
export async function usersBeneath(
  session: Session,
  node: number,
  live: readonly string[],
  action: Action,
): Promise<string[]> {
  const users = live.filter((user) => user.includes('@'));
  // From whichever side there is less to look at.
  if (users.length > BATCH && (await countBeneath(session, node, LOOK_MAX + 1)) <= LOOK_MAX) {
    const addresses = await deniedBeneath(session, node, action);
    return addresses.size === 0 ? [] : users.filter((user) => addresses.has(user) || addresses.has(addressOf(user)));
  }
  const found: string[] = [];
  for (let at = 0; at < users.length; at += BATCH)
    found.push(...(await deniedAmong(session, node, users.slice(at, at + BATCH), action)));
  return found;
}

async function deniedBeneath(session: Session, node: number, action: Action): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    sql<{
      address: string;
    }>`select i.value as address from list_beneath(${node}::bigint, ${LOOK_MAX + 1}::integer) b (id)
      join identifier i on i.entity_id = b.id and i.scheme = 'mail' where ${isDenied(action)}`,
  );
  return new Set(rows.map(({ address }) => address));
}

async function deniedAmong(
  session: Session,
  node: number,
  users: readonly string[],
  action: Action,
): Promise<string[]> {
  const rows = await session.rows(
    sql<{
      name: string;
    }>`select u.name from unnest(${[...users]}::text[], ${users.map(addressOf)}::text[]) u (name, address)
      join identifier i on i.scheme = 'mail' and i.value = u.address
      where ${node}::bigint = any (path_of(i.entity_id)) and ${isDenied(action)}`,
  );
  return rows.map(({ name }) => name);
}

const isDenied = (action: Action) => sql`(restrictions(i.entity_id)).denied & ${ACTION_BIT[action]} <> 0`;

/** As the identifier of a mailbox is spelt; the empty text where it cannot be one. */
function addressOf(user: string): string {
  return normaliseSubject(`mail:${user}`)?.slice('mail:'.length) ?? '';
}
