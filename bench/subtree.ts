/** Accounts of the generated operator by how much lies beneath them. */
import type { World } from './world.ts';

export interface Subtree {
  readonly id: number;
  readonly beneath: number;
}

/** The account with everything beneath it, and the one whose subtree is nearest to the wanted size. */
export async function findSubtrees({ pool }: World, wanted: number): Promise<{ large: Subtree; small: Subtree }> {
  const { rows } = await pool.query<Subtree>(
    `with recursive owned as materialized (
        select e.id, e.parent_id, 1 as mine from entity e where e.kind = 'account' and e.id <> 0
      ), inside as (
        select a.id, 1 + count(c.id) + coalesce(sum(case when c.kind in ('sip_domain', 'dns_zone') then
          (select count(*) from entity l where l.parent_id = c.id) end), 0) as mine
        from entity a left join entity c on c.parent_id = a.id and c.kind <> 'account'
        where a.kind = 'account' and a.id <> 0 group by a.id
      )
      select u.id, sum(i.mine)::integer as beneath
      from inside i join entity e on e.id = i.id cross join unnest(e.ancestors) u (id) where u.id <> 0 group by u.id`,
  );
  const [first, ...rest] = rows.toSorted((a, b) => b.beneath - a.beneath);
  const [small] = rest.toSorted((a, b) => Math.abs(a.beneath - wanted) - Math.abs(b.beneath - wanted));
  if (first === undefined || small === undefined) throw new Error('the tree has too few accounts');
  return { large: first, small };
}
