/** A hold as callers see it. */
import type { Authority, Subject } from '#core/authority.ts';
import { seesAuthor, seesName } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import type { EntityState } from '#store/entity.ts';
import type { HoldRow } from '#store/hold.ts';

export interface HoldView {
  readonly id: string;
  readonly profile: string;
  readonly entity: string;
  readonly authority: Authority;
  readonly subject: Subject;
  readonly source: string;
  readonly externalRef: string | null;
  readonly note: string | null;
  readonly placedBy: string;
  /** The name of the login that placed it, where there is one and the reader may know it. */
  readonly placedByName: string | null;
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

/**
 * A hold for a reader. Of one that was placed above the reader's account only the level is told, not by whom, nor the
 * note, the source and the reference that were made for others.
 */
export function holdView(row: HoldRow, actor: Actor, entity: Pick<EntityState, 'line'>): HoldView {
  const isKnown = seesAuthor(actor, row, entity.line);
  const isNamed = seesName(actor, row, entity.line);
  const iso = (at: Date | null) => at?.toISOString() ?? null;
  return {
    id: row.uuid,
    profile: row.profile,
    entity: row.entity_uuid,
    authority: row.authority,
    subject: row.subject,
    source: isKnown ? row.source : row.authority,
    externalRef: isKnown ? row.external_ref : null,
    note: isKnown ? row.note : null,
    placedBy: isNamed ? row.placed_by : row.authority,
    placedByName: isNamed ? row.placed_by_name : null,
    placedAt: row.placed_at.toISOString(),
    startsAt: row.starts_at.toISOString(),
    endsAt: iso(row.ends_at),
    activatedAt: iso(row.activated_at),
    endedAt: iso(row.ended_at),
    endCause: row.end_cause,
    endedBy: row.end_cause === 'lifted' && !isKnown ? row.authority : row.ended_by,
    reviewAt: iso(row.review_at),
    inForce: row.activated_at !== null && row.ended_at === null,
  };
}
