/**
 * A tree as plain objects, and every answer computed from scratch with core alone: slow, obvious, and what the tests
 * compare the picture with. Nothing but tests may use it.
 */
import { ACTION_BIT, type Action, type ActionMask } from '#core/action.ts';
import type { EntityState, HoldRow, ProfileRow } from '#core/decision-source.ts';
import {
  type HoldEffect,
  type Restrictions,
  type Standing,
  governingHold,
  mergeHolds,
  standingOf,
} from '#core/restrictions.ts';

export interface NaiveEffect extends HoldEffect {
  readonly row: HoldRow;
}

export class NaiveTree {
  readonly states = new Map<number, EntityState>();
  readonly profiles = new Map<string, ProfileRow>();

  chainOf(id: number): number[] {
    const chain: number[] = [];
    for (let node: number | null = id; node !== null; node = this.row(node).parentId) chain.push(node);
    return chain;
  }

  row(id: number) {
    const row = this.states.get(id)?.row;
    if (!row) throw new Error(`there is no entity ${id}`);
    return row;
  }

  effectsOn(ids: readonly number[]): NaiveEffect[] {
    return ids.flatMap((id) =>
      (this.states.get(id)?.holds ?? []).map((row) => {
        const profile = this.profiles.get(row.profile);
        if (profile === undefined) throw new Error(`there is no profile ${row.profile}`);
        const { denied, intercepted, severity } = profile;
        return {
          id: row.id,
          denied,
          intercepted,
          severity,
          authority: row.authorityRank,
          placedAtMs: row.placedAtMs,
          row,
        };
      }),
    );
  }

  #effectsFor(id: number): NaiveEffect[] {
    const { ownerId } = this.row(id);
    return this.effectsOn([...new Set([...this.chainOf(id), ...(ownerId === null ? [] : this.chainOf(ownerId))])]);
  }

  restrictionsOf(id: number): Restrictions {
    const { ownerId } = this.row(id);
    const isClosed = (chain: number[]) => chain.some((node) => this.row(node).closedAtMs !== null);
    return mergeHolds({
      holds: this.#effectsFor(id),
      closed: isClosed(this.chainOf(id)),
      ownerClosed: ownerId !== null && isClosed(this.chainOf(ownerId)),
    });
  }

  /** The entity and all that its target leads to. */
  passed(id: number): number[] {
    const passed: number[] = [];
    for (let node: number | null = id; node !== null && !passed.includes(node); node = this.row(node).targetId)
      passed.push(node);
    return passed;
  }

  decide(id: number, action: Action): NaiveDecision {
    const passed = this.passed(id);
    const all = passed.map((node) => this.restrictionsOf(node));
    const has = (mask: (restrictions: Restrictions) => ActionMask) =>
      all.some((restrictions) => (mask(restrictions) & ACTION_BIT[action]) !== 0);
    const isDenied = has(({ denied }) => denied);
    const isIntercepted = has(({ intercepted }) => intercepted);
    const denied = all.reduce((union, restrictions) => union | restrictions.denied, 0);
    const intercepted = all.reduce((union, restrictions) => union | restrictions.intercepted, 0);
    const closed = all.some((restrictions) => restrictions.closed);
    const holds = [
      ...new Map(passed.flatMap((node) => this.#effectsFor(node)).map((hold) => [hold.id, hold])).values(),
    ];
    const touching = holds.filter((hold) => ((hold.denied | hold.intercepted) & ACTION_BIT[action]) !== 0);
    return {
      effect: isDenied ? 'deny' : isIntercepted ? 'intercept' : 'allow',
      standing: standingOf({ denied, intercepted: intercepted & ~denied, closed, ownerClosed: false }),
      isClosedItself: all[0]?.closed ?? false,
      governing: governingHold(holds, ACTION_BIT[action])?.row.uuid ?? null,
      holds: new Set(touching.map((hold) => hold.row.uuid)),
    };
  }

  /** What a name belongs to. */
  bearerOf(key: string): number | null {
    for (const state of this.states.values()) if (state.names.includes(key)) return state.id;
    return null;
  }
}

export interface NaiveDecision {
  readonly effect: 'allow' | 'deny' | 'intercept';
  readonly standing: Standing;
  readonly isClosedItself: boolean;
  readonly governing: string | null;
  readonly holds: ReadonlySet<string>;
}
