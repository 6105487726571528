/** A hold as callers see it. */
import type { Authority } from '#core/authority.ts';
import type { HoldRow } from '#store/hold.ts';

export interface HoldView {
  readonly id: string;
  readonly profile: string;
  readonly entity: string;
  readonly authority: Authority;
  readonly source: string;
  readonly externalRef: string | null;
  readonly note: string | null;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly activatedAt: string | null;
  readonly endedAt: string | null;
  readonly endCause: HoldRow['end_cause'];
  readonly endedBy: string | null;
  readonly reviewAt: string | null;
  readonly inForce: boolean;
}

export function holdView(row: HoldRow): HoldView {
  const iso = (at: Date | null) => at?.toISOString() ?? null;
  return {
    id: row.uuid,
    profile: row.profile,
    entity: row.entity_uuid,
    authority: row.authority,
    source: row.source,
    externalRef: row.external_ref,
    note: row.note,
    placedBy: row.placed_by,
    placedAt: row.placed_at.toISOString(),
    startsAt: row.starts_at.toISOString(),
    endsAt: iso(row.ends_at),
    activatedAt: iso(row.activated_at),
    endedAt: iso(row.ended_at),
    endCause: row.end_cause,
    endedBy: row.ended_by,
    reviewAt: iso(row.review_at),
    inForce: row.activated_at !== null && row.ended_at === null,
  };
}
