/** The documents that the statements of the decision source give, and how they become its rows. */
import type { EntityState, HoldRow, Page, ProfileRow } from '#core/decision-source.ts';
import type { Kind } from '#core/kind.ts';

export interface PageJson {
  readonly epoch: string;
  readonly head: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly states: readonly StateJson[];
  readonly profiles: readonly ProfileJson[] | null;
}

type EntityJson = readonly [
  uuid: string,
  kind: Kind,
  parent: number | null,
  owner: number | null,
  closedAtMs: number | null,
];

type HoldJson = readonly [
  id: number,
  uuid: string,
  entityId: number,
  profile: string,
  authority: string,
  authorityRank: number,
  source: string,
  note: string | null,
  placedBy: string,
  placedAtMs: number,
  sinceMs: number,
  endsAtMs: number | null,
];

type StateJson = readonly [
  id: number,
  entity: EntityJson | null,
  targetId: number | null,
  names: readonly string[] | null,
  holds: readonly HoldJson[] | null,
];

export type ProfileJson = readonly [
  name: string,
  version: number,
  severity: number,
  denied: number,
  intercepted: number,
  sipCode: number,
  httpCode: number,
  refusalText: string,
  announcement: string | null,
  sessions: 'finish' | 'end',
];

export function pageOf(page: PageJson): Page {
  return { ...page, states: page.states.map(stateOf), profiles: page.profiles?.map(profileOf) ?? null };
}

function stateOf([id, entity, targetId, names, holds]: StateJson): EntityState {
  if (entity === null) return { id, row: null, names: names ?? [], holds: holds?.map(holdOf) ?? [] };
  const [uuid, kind, parentId, ownerId, closedAtMs] = entity;
  return {
    id,
    row: { uuid, kind, parentId, ownerId, targetId, closedAtMs },
    names: names ?? [],
    holds: holds?.map(holdOf) ?? [],
  };
}

function holdOf(hold: HoldJson): HoldRow {
  const [id, uuid, entityId, profile, authority, authorityRank, source, note, placedBy, placedAtMs, sinceMs, endsAtMs] =
    hold;
  return {
    id,
    uuid,
    entityId,
    profile,
    authority,
    authorityRank,
    source,
    note,
    placedBy,
    placedAtMs,
    sinceMs,
    endsAtMs,
  };
}

export function profileOf(profile: ProfileJson): ProfileRow {
  const [name, version, severity, denied, intercepted, sipCode, httpCode, refusalText, announcement, sessions] =
    profile;
  return { name, version, severity, denied, intercepted, sipCode, httpCode, refusalText, announcement, sessions };
}
