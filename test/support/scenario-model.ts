/**
 * The tree of a scenario by core alone: plain maps, and every answer computed from scratch by `mergeHolds`. It shares
 * nothing with the store, the engine or the SQL but the rules of core.
 */
import assert from 'node:assert/strict';

import { ACTION_BIT, ALL_ACTIONS, ALL_BUT_EMERGENCY, type Action, actionsIn, maskOf } from '#core/action.ts';
import { AUTHORITY_RANK, isAuthority } from '#core/authority.ts';
import { isEmergencyDestination } from '#core/emergency.ts';
import { type Values, readFields } from '#core/field.ts';
import { identifiersOf, normaliseSubject } from '#core/identifier.ts';
import { type Kind, isKind } from '#core/kind.ts';
import { KIND_FIELDS, judgeFields } from '#core/kind-fields.ts';
import type { FieldError } from '#core/problem.ts';
import { BUILTIN_PROFILES, type ProfileBody, readProfile } from '#core/profile.ts';
import { type HoldEffect, governingHold, mergeHolds, outranks, standingOf } from '#core/restrictions.ts';

import type { DecisionAnswer, StandingAnswer } from './answers.ts';
import { type Step, withTimes } from './scenario.ts';

interface Node {
  readonly kind: Kind;
  readonly values: Values;
  parent: string | null;
  owner: string | null;
  closed: boolean;
}

interface Hold {
  readonly id: number;
  readonly on: string;
  readonly profile: string;
  readonly authority: number;
  isInForce: boolean;
}

type Closure = 'closed' | 'owner closed' | 'target closed';

const CLOSURE_TEXTS: Readonly<Record<Closure, string>> = {
  closed: 'Account closed',
  'owner closed': 'Owner closed',
  'target closed': 'Target closed',
};

export class ScenarioModel {
  readonly #nodes = new Map<string, Node>([
    ['platform', { kind: 'account', values: {}, parent: null, owner: null, closed: false }],
  ]);
  readonly #holds = new Map<string, Hold>();
  readonly #profiles = new Map<string, ProfileBody>(Object.entries(BUILTIN_PROFILES));
  readonly #names = new Map<string, string>();

  take(step: Step): void {
    switch (step.do) {
      case 'create':
        return this.#create(step.as, step.kind, step.fields);
      case 'hold': {
        const { profile, authority = 'platform', startsAt } = step.fields;
        assert.ok(typeof authority === 'string' && isAuthority(authority));
        const id = this.#holds.size + 1;
        this.#holds.set(step.as, {
          id,
          on: step.on,
          profile: String(profile),
          authority: AUTHORITY_RANK[authority],
          isInForce: startsAt === undefined,
        });
        return;
      }
      case 'lift':
      case 'expire':
        this.#hold(step.hold).isInForce = false;
        return;
      case 'begin':
        this.#hold(step.hold).isInForce = true;
        return;
      case 'close':
        this.#node(step.what).closed = true;
        return;
      case 'move': {
        const node = this.#node(step.what);
        node.parent = step.to;
        if (node.owner === this.#accountOf(step.what)) node.owner = null;
        this.#nameAll(step.what);
        return;
      }
      case 'transfer':
        this.#node(step.what).owner = step.to === this.#accountOf(step.what) ? null : step.to;
        return;
      case 'profile': {
        const now = new Date();
        const errors: FieldError[] = [];
        this.#profiles.set(step.name, readProfile(withTimes(step.fields, now), now.getTime(), errors));
        assert.deepEqual(errors, []);
        return;
      }
      case 'lapse': {
        const body = this.#profile(step.profile);
        const open = (actions: readonly Action[]) => actions.filter((action) => action !== 'call.emergency');
        this.#profiles.set(step.profile, {
          ...body,
          denied: open(body.denied),
          intercepted: open(body.intercepted),
          legalOverride: null,
        });
        return;
      }
      case 'refused':
      case 'ask':
        return;
    }
  }

  standing(name: string): StandingAnswer {
    const { restrictions, holds } = this.#measure([name]);
    return {
      standing: standingOf(restrictions),
      denied: actionsIn(restrictions.denied),
      intercepted: actionsIn(restrictions.intercepted),
      reasons: [...this.#reasons([name], ALL_ACTIONS).keys()].toSorted(),
      governing: this.#nameOf(governingHold(holds, ALL_ACTIONS)),
    };
  }

  decide(subject: string, action: Action, destination: string | undefined): DecisionAnswer {
    const judged =
      action === 'call.out' && destination !== undefined && isEmergencyDestination(destination)
        ? 'call.emergency'
        : action;
    const name = this.#nodes.has(subject) ? subject : this.#names.get(normaliseSubject(subject) ?? '');
    if (name === undefined)
      return { effect: 'unknown', standing: null, judged, profile: null, text: null, reasons: [] };
    const passed = this.#passed(name);
    const { restrictions } = this.#measure(passed);
    const bit = ACTION_BIT[judged];
    const effect =
      (restrictions.denied & bit) !== 0 ? 'deny' : (restrictions.intercepted & bit) !== 0 ? 'intercept' : 'allow';
    const reasons = this.#reasons(passed, bit);
    return {
      effect,
      standing: standingOf(restrictions),
      judged,
      ...(effect === 'allow' ? { profile: null, text: null } : this.#words(reasons)),
      reasons: effect === 'allow' ? [] : [...reasons.keys()].toSorted(),
    };
  }

  #create(
    as: string,
    kind: string,
    { parent = 'platform', owner, password: _password, ...fields }: Readonly<Record<string, unknown>>,
  ): void {
    assert.ok(isKind(kind) && !this.#nodes.has(as), `${as} is there already, or ${kind} is no kind`);
    const errors: FieldError[] = [];
    const values = readFields(KIND_FIELDS[kind], fields, 'create', errors);
    judgeFields(kind, values, errors);
    assert.deepEqual(errors, []);
    this.#nodes.set(as, { kind, values, parent: String(parent), owner: null, closed: false });
    if (owner !== undefined && owner !== this.#accountOf(as)) this.#node(as).owner = String(owner);
    this.#nameAll(as);
  }

  #nameAll(name: string): void {
    const { kind, values, parent } = this.#node(name);
    const container = parent === null ? null : this.#node(parent);
    const domain = values['domain'];
    const domainName =
      kind === 'phone_number' && typeof domain === 'string' ? String(this.#node(domain).values['domain']) : null;
    for (const [key, holder] of this.#names) if (holder === name) this.#names.delete(key);
    for (const { scheme, value } of identifiersOf(kind, values, container, domainName))
      this.#names.set(`${scheme}:${value}`, name);
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    assert.ok(node !== undefined, `the scenario has no ${name}`);
    return node;
  }

  #hold(name: string): Hold {
    const hold = this.#holds.get(name);
    assert.ok(hold !== undefined, `the scenario has no hold ${name}`);
    return hold;
  }

  #profile(name: string): ProfileBody {
    const profile = this.#profiles.get(name);
    assert.ok(profile !== undefined, `there is no profile ${name}`);
    return profile;
  }

  #chain(name: string | null): string[] {
    return name === null ? [] : [name, ...this.#chain(this.#node(name).parent)];
  }

  #accountOf(name: string): string | undefined {
    return this.#chain(name).find((above) => this.#node(above).kind === 'account');
  }

  /** The entity and whatever its target leads to. */
  #passed(name: string): string[] {
    const passed: string[] = [];
    for (
      let here: unknown = name;
      typeof here === 'string' && !passed.includes(here);
      here = this.#node(here).values['target']
    )
      passed.push(here);
    return passed;
  }

  #measure(names: readonly string[]) {
    const parents = names.flatMap((name) => this.#chain(name));
    const owners = names.flatMap((name) => this.#chain(this.#node(name).owner));
    const reached = new Set([...parents, ...owners]);
    const holds = [...this.#holds.values()]
      .filter((hold) => hold.isInForce && reached.has(hold.on))
      .map((hold) => this.#effectOf(hold));
    const isClosed = (name: string) => this.#node(name).closed;
    return {
      holds,
      restrictions: mergeHolds({ holds, closed: parents.some(isClosed), ownerClosed: owners.some(isClosed) }),
    };
  }

  #effectOf({ id, profile, authority }: Hold): HoldEffect {
    const { denied, intercepted, severity } = this.#profile(profile);
    return { id, denied: maskOf(denied), intercepted: maskOf(intercepted), severity, authority, placedAtMs: id };
  }

  /** What touches the actions, by the scenario's names: holds, and closures of the nodes that reach it. */
  #reasons(passed: readonly string[], mask: number): Map<string, HoldEffect | Closure> {
    const reasons = new Map<string, HoldEffect | Closure>();
    const closures = new Set<string>();
    const close = (node: string, closure: Closure) => {
      if (
        !this.#node(node).closed ||
        closures.has(node) ||
        (closure === 'owner closed' && (mask & ALL_BUT_EMERGENCY) === 0)
      )
        return;
      closures.add(node);
      reasons.set(`${closure} ${node}`, closure);
    };
    for (const [index, name] of passed.entries()) {
      for (const node of this.#chain(name)) close(node, index === 0 ? 'closed' : 'target closed');
      for (const node of this.#chain(this.#node(name).owner)) close(node, 'owner closed');
    }
    for (const effect of this.#measure(passed).holds)
      if (((effect.denied | effect.intercepted) & mask) !== 0) reasons.set(this.#nameOf(effect) ?? '', effect);
    return reasons;
  }

  /** A closed subject words first, then the governing hold, then the other closures. */
  #words(reasons: ReadonlyMap<string, HoldEffect | Closure>): { profile: string | null; text: string } {
    const all = [...reasons.values()];
    const [best] = all.filter((reason) => typeof reason !== 'string').toSorted((a, b) => (outranks(a, b) ? -1 : 1));
    if (best === undefined || all.includes('closed')) {
      const closure = (['closed', 'owner closed', 'target closed'] as const).find((one) => all.includes(one));
      assert.ok(closure !== undefined, 'a refusal has a reason');
      return { profile: null, text: CLOSURE_TEXTS[closure] };
    }
    const { profile } = this.#hold(this.#nameOf(best) ?? '');
    return { profile, text: this.#profile(profile).refusal.text };
  }

  #nameOf(effect: HoldEffect | null): string | null {
    return [...this.#holds].find(([, hold]) => hold.id === effect?.id)?.[0] ?? null;
  }
}
