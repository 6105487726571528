/**
 * Random trees and random histories of them, for tests: accounts to any depth, containers, leaves with other owners,
 * numbers and aliases with targets, loops of aliases among them, holds, closures, moves, names that pass on.
 */
import fc from 'fast-check';

import { ALL_ACTIONS } from '#core/action.ts';
import type { EntityRow, EntityState, HoldRow, ProfileRow } from '#core/decision-source.ts';
import type { Kind } from '#core/kind.ts';
import { NaiveTree } from './naive-tree-for-test.ts';

export const PROFILE_NAMES = ['suspended', 'limited', 'fraud', 'silent'] as const;
const KINDS_BELOW: readonly Kind[] = ['account', 'account', 'account', 'sip_domain', 'phone_number'];
const DEPTH_MAX = 12;

/** One thing that happens; the numbers pick what it happens to. */
export interface Step {
  readonly what:
    | 'create'
    | 'hold'
    | 'lift'
    | 'close'
    | 'move'
    | 'transfer'
    | 'target'
    | 'pass_name'
    | 'drop_name'
    | 'profile';
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export const steps = (max: number): fc.Arbitrary<Step[]> => {
  const pick = fc.nat(1_000_000);
  const what = fc.constantFrom<Step['what'][]>(
    'create',
    'create',
    'create',
    'create',
    'create',
    'create',
    'create',
    'hold',
    'hold',
    'lift',
    'close',
    'move',
    'transfer',
    'target',
    'pass_name',
    'drop_name',
    'profile',
  );
  return fc.array(fc.record({ what, a: pick, b: pick, c: pick }), { minLength: max >> 1, maxLength: max, size: 'max' });
};

export const uuidOf = (n: number) =>
  `${(Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

export class RandomTree {
  readonly tree = new NaiveTree();
  /** Every name that anybody ever had. */
  readonly names = new Set<string>();
  #holds = 0;

  constructor() {
    for (const [index, name] of PROFILE_NAMES.entries()) this.#profile(name, index * 100, 0x1ff7 >> index, 0x6);
    this.#put(0, this.#row(0, 'account', null));
  }

  /** Makes the step, if it can be made; gives what it touched. */
  make({ what, a, b, c }: Step): number[] {
    const { states } = this.tree;
    const id = a % states.size;
    const other = b % states.size;
    const row = this.tree.row(id);
    switch (what) {
      case 'create':
        return this.#create(id, other, c);
      case 'hold':
        return this.#set(id, { holds: [...this.#holdsOf(id), this.#hold(id, b, c)] });
      case 'lift':
        return this.#set(id, { holds: this.#holdsOf(id).slice(1) });
      case 'close':
        return id === 0 || c % 2 > 0 ? [] : this.#set(id, { row: { ...row, closedAtMs: 1_700_000_000_000 + c } });
      case 'move': {
        const isPlace = row.kind === 'account' && this.tree.row(other).kind === 'account';
        const isLoop = this.tree.chainOf(other).includes(id) || this.tree.chainOf(other).length >= DEPTH_MAX;
        return id === 0 || !isPlace || isLoop ? [] : this.#set(id, { row: { ...row, parentId: other } });
      }
      case 'transfer': {
        const isLeaf = row.kind !== 'account' && row.kind !== 'sip_domain';
        return isLeaf && this.tree.row(other).kind === 'account'
          ? this.#set(id, { row: { ...row, ownerId: other } })
          : [];
      }
      case 'target': {
        const leads = row.kind === 'phone_number' || row.kind === 'sip_alias';
        const isTarget = this.tree.row(other).kind.startsWith('sip_a');
        return leads && isTarget ? this.#set(id, { row: { ...row, targetId: other } }) : [];
      }
      case 'pass_name': {
        const [name, ...rest] = this.tree.states.get(id)?.names ?? [];
        if (name === undefined || id === other) return [];
        this.#set(id, { names: rest });
        this.#set(other, { names: [...(states.get(other)?.names ?? []), name] });
        return [id, other];
      }
      case 'drop_name':
        return this.#set(id, { names: [] });
      case 'profile':
        this.#profile(
          PROFILE_NAMES[a % PROFILE_NAMES.length] ?? 'suspended',
          b % 1000,
          c & ALL_ACTIONS,
          b & ALL_ACTIONS,
        );
        return [];
    }
  }

  statesOf(ids: Iterable<number>): EntityState[] {
    return [...ids].map((id) => this.tree.states.get(id) ?? { id, row: null, names: [], holds: [] });
  }

  #create(under: number, target: number, c: number): number[] {
    const parentKind = this.tree.row(under).kind;
    const id = this.tree.states.size;
    let kind: Kind;
    if (parentKind === 'sip_domain') kind = c % 2 === 0 ? 'sip_account' : 'sip_alias';
    else if (parentKind === 'account' && this.tree.chainOf(under).length < DEPTH_MAX)
      kind = KINDS_BELOW[c % KINDS_BELOW.length] ?? 'account';
    else return [];
    const leads = (kind === 'phone_number' || kind === 'sip_alias') && this.tree.row(target).kind.startsWith('sip_a');
    const name = `sip:${id}@example.com`;
    this.names.add(name);
    this.#put(id, { ...this.#row(id, kind, under), targetId: leads ? target : null }, [name]);
    return [id];
  }

  #hold(entityId: number, b: number, c: number): HoldRow {
    const id = ++this.#holds;
    return {
      id,
      uuid: uuidOf(1_000_000 + id),
      entityId,
      profile: PROFILE_NAMES[b % PROFILE_NAMES.length] ?? 'suspended',
      authority: 'platform',
      authorityRank: 10 * (c % 3),
      source: 'test',
      note: null,
      placedBy: 'test',
      placedAtMs: 1_700_000_000_000 + (b % 5),
      sinceMs: 1_700_000_000_000,
      endsAtMs: null,
    };
  }

  #holdsOf(id: number): readonly HoldRow[] {
    return this.tree.states.get(id)?.holds ?? [];
  }

  #row(id: number, kind: Kind, parentId: number | null): EntityRow {
    return { uuid: uuidOf(id), kind, parentId, ownerId: null, targetId: null, closedAtMs: null };
  }

  #put(id: number, row: EntityRow, names: readonly string[] = []): void {
    this.tree.states.set(id, { id, row, names, holds: [] });
  }

  #set(id: number, change: Partial<EntityState>): number[] {
    const [state] = this.statesOf([id]);
    if (state !== undefined) this.tree.states.set(id, { ...state, ...change });
    return [id];
  }

  #profile(name: string, severity: number, denied: number, intercepted: number): void {
    const version = (this.tree.profiles.get(name)?.version ?? 0) + 1;
    const row: ProfileRow = {
      name,
      version,
      severity,
      denied,
      intercepted,
      sipCode: 403,
      httpCode: 403,
      refusalText: name,
      announcement: null,
      sessions: 'finish',
    };
    this.tree.profiles.set(name, row);
  }
}
