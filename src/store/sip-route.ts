/** What a SIP server needs to know of a name: whose password it is, and where a call to it ends. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface SipDigest {
  readonly username: string;
  readonly domain: string;
  readonly realm: string | null;
  readonly ha1: string | null;
  readonly enabled: boolean;
}

/** Where a call goes: to a SIP account, or to an address elsewhere; both null where nothing is behind the name. */
export interface CallTarget {
  readonly aor: string | null;
  readonly uri: string | null;
}

/** As many numbers and aliases may lead on to one another. */
const STEPS_MAX = 16;

/** The digest of a SIP account; null for any other entity. */
export function findSipDigest(session: Session, entityId: number): Promise<SipDigest | null> {
  return session.row(
    sql<SipDigest>`select s.username, d.domain, s.realm, s.ha1, s.enabled
      from sip_account s join entity e on e.id = s.entity_id join sip_domain d on d.entity_id = e.parent_id
      where s.entity_id = ${entityId}`,
  );
}

/** Where a call to a number, an alias or an account ends. */
export async function findCallTarget(session: Session, entityId: number): Promise<CallTarget> {
  const row = await session.row(
    sql<CallTarget>`with recursive step (id, n) as (
        select ${entityId}::bigint, 0
        union all
        select coalesce((select p.target_id from phone_number p where p.entity_id = s.id),
          (select a.target_id from sip_alias a where a.entity_id = s.id)), s.n + 1
        from step s where s.id is not null and s.n < ${STEPS_MAX}
      ), final as (select id from step where id is not null order by n desc limit 1)
      select
        (select x.username || '@' || d.domain from sip_account x join entity e on e.id = x.entity_id
          join sip_domain d on d.entity_id = e.parent_id where x.entity_id = f.id) as aor,
        coalesce((select p.target_uri from phone_number p where p.entity_id = f.id),
          (select a.target_uri from sip_alias a where a.entity_id = f.id)) as uri
      from final f`,
  );
  return row ?? { aor: null, uri: null };
}
