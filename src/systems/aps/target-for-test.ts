/** A target that is driven by hand: what the reconciler would store of it, and nothing of when. */
import { randomUUID } from 'node:crypto';

import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import { type Json, type Values, readFields } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import type { TargetFacts } from '#core/system-kind.ts';
import { aps } from '#core/systems/aps.ts';
import type { Call, Order, Outcome, SystemDriver, SystemSettings } from '#systems/system.ts';

export const INSTANCE = '1c9e6a7b-0d2f-4e31-a5b8-77c0d9e4f612';
export const OAUTH_KEY = 'AbcdefGhijkLmnopqrst0123';
export const OAUTH_SECRET = 'zyxwvutsrqponmlkJIHG9876';

/** A system with its settings read as an operator's are. */
export function systemFor(url: string, settings: Values = {}, secrets: Values = {}): SystemSettings {
  const errors: FieldError[] = [];
  const given = {
    url,
    controllerUri: 'https://abeyance.example:6308/',
    instanceId: INSTANCE,
    trust: 'oauth',
    service: 'tenant',
    ...settings,
  };
  const credentials =
    given.trust === 'oauth' ? { oauthKey: OAUTH_KEY, oauthSecret: OAUTH_SECRET, ...secrets } : secrets;
  const read = readFields(aps.settings, given, 'create', errors);
  const readSecrets = readFields(aps.secrets, credentials, 'create', errors);
  aps.judge?.(read, readSecrets, errors);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return { id: 1, name: 'apps', settings: read, secrets: readSecrets };
}

export function factsOf(values: Values = {}, facts: Partial<TargetFacts> = {}): TargetFacts {
  return {
    kind: 'foreign',
    values: { system: 'apps', apsStatus: 'aps:ready', properties: {}, ...values },
    reference: null,
    denied: 0,
    intercepted: 0,
    closed: false,
    ownerClosed: false,
    profiles: [],
    ...facts,
  };
}

export const HELD: Partial<TargetFacts> = { denied: ALL_BUT_EMERGENCY };

export interface TargetForTest {
  readonly id: string;
  applied: Json;
  kept: Json;
  task: Json;
  isUnproven: boolean;
  isForced: boolean;
  attempts: number;
  values: Values;
  /** Each outcome, the newest last. */
  readonly outcomes: Outcome[];
  /** Makes it match, as often as one outcome; null when there was nothing to tell. */
  tell(facts: Partial<TargetFacts>, call?: Partial<Call>): Promise<Outcome | null>;
  /** The worker dies: before the first request is sent, or after the last was answered. Nothing of it is recorded. */
  die(facts: Partial<TargetFacts>, isSent: boolean): Promise<void>;
  /** Goes on until it is done, as long as it is worth trying. */
  settle(facts: Partial<TargetFacts>): Promise<Outcome | null>;
  order(facts: Partial<TargetFacts>): Order;
}

export function makeTarget(
  driver: SystemDriver,
  system: SystemSettings,
  values: Values = {},
  id: string = randomUUID(),
): TargetForTest {
  const target: TargetForTest = {
    id,
    applied: null,
    kept: null,
    task: null,
    isUnproven: false,
    isForced: false,
    attempts: 0,
    values: { system: 'apps', apsStatus: 'aps:ready', properties: {}, ...values },
    outcomes: [],
    order(facts) {
      const { applied, kept, task, attempts, isForced } = target;
      return {
        entityId: 7,
        uuid: id,
        kind: 'foreign',
        accountId: 1,
        reference: id,
        values: target.values,
        profiles: [],
        desired: aps.desired(factsOf(target.values, facts), system.settings),
        applied,
        kept,
        task,
        mayHaveActed: target.isUnproven,
        isForced,
        requestId: randomUUID(),
        attempts,
      };
    },
    async tell(facts, call = {}) {
      const order = target.order(facts);
      const isNothing = aps.verb(target.applied, order.desired) === null && target.task === null;
      if (isNothing && !target.isUnproven && !target.isForced) return null;
      const outcome = await driver.converge(isNothing && target.isUnproven ? { ...order, isForced: true } : order, {
        signal: new AbortController().signal,
        timeoutMs: 2_000,
        slot: 0,
        keep: async (kept) => void (target.kept = structuredClone(kept)),
        ...call,
      });
      target.outcomes.push(outcome);
      target.attempts = outcome.type === 'done' || outcome.type === 'waiting' ? 0 : target.attempts + 1;
      if (outcome.type === 'done') {
        target.applied = outcome.applied ?? order.desired;
        if (outcome.kept !== undefined) target.kept = outcome.kept;
        target.task = null;
        target.isForced = false;
      }
      if (outcome.type === 'done' || outcome.type === 'waiting') target.isUnproven = false;
      if (outcome.type === 'waiting') target.task = outcome.task;
      if (outcome.type === 'unknown') target.isUnproven = true;
      if ((outcome.type === 'later' || outcome.type === 'never') && outcome.task !== undefined)
        target.task = outcome.task;
      return outcome;
    },
    async die(facts, isSent) {
      const order = target.order(facts);
      const isNothing = aps.verb(target.applied, order.desired) === null && target.task === null;
      if (isNothing && !target.isUnproven && !target.isForced) return;
      const keep = async (kept: Json) => {
        target.kept = structuredClone(kept);
        if (!isSent) throw new Error('killed');
      };
      const call = { signal: new AbortController().signal, timeoutMs: 2_000, slot: 0, keep };
      await driver.converge({ ...order, isForced: isNothing || target.isForced }, call).catch(() => null);
      // Whoever takes over knows what was kept, and that something may have been sent.
      target.isUnproven = true;
    },
    async settle(facts) {
      for (let turn = 0; turn < 50; turn += 1) {
        const outcome = await target.tell(facts);
        if (outcome === null || outcome.type === 'done') return outcome;
        if (outcome.type === 'never') throw new Error(outcome.detail);
      }
      throw new Error('it does not settle');
    },
  };
  return target;
}
