/** One target as the reconciler keeps it: what was confirmed, what is kept, and whether something may have acted. */
import assert from 'node:assert/strict';

import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import type { ProfileFacts, TargetFacts } from '#core/system-kind.ts';
import { broadworks } from '#core/systems/broadworks.ts';
import type { Observation, Order, Outcome, SystemDriver } from '#systems/system.ts';

import { makeBroadworksDriver } from './broadworks.ts';
import { type BroadworksSimulator, SIMULATED } from './simulator.ts';

/** A profile that takes all calls away, with a part for BroadWorks or without. */
export function profileOf(name: string, settings: Json = null, more: Partial<ProfileFacts> = {}): ProfileFacts {
  return { name, denied: ALL_BUT_EMERGENCY, intercepted: 0, sessions: 'finish', refusalText: '', settings, ...more };
}

export function driverFor(
  simulator: BroadworksSimulator,
  settings: Record<string, Json> = {},
  password = SIMULATED.password,
): SystemDriver {
  const { transport, port, url } = simulator;
  return makeBroadworksDriver({
    id: 1,
    name: 'as',
    settings: {
      transport,
      host: '127.0.0.1',
      port,
      url,
      userId: SIMULATED.userId,
      login: 'auto',
      family: 'auto',
      ...settings,
    },
    secrets: { password },
  });
}

export class Target {
  readonly reference: Json;
  applied: Json = null;
  kept: Json = null;
  mayHaveActed = false;
  /** A request without an answer may still arrive. */
  isInDoubt = false;
  /** How often something was kept. */
  keeps = 0;
  /** Makes keeping fail. */
  isKeepBroken = false;
  profiles: readonly ProfileFacts[] = [];
  readonly #driver: SystemDriver;

  constructor(driver: SystemDriver, reference: string | Json) {
    const reading = broadworks.readReference(reference);
    assert.ok(reading.ok);
    this.reference = reading.value;
    this.#driver = driver;
  }

  /** Tells the server what follows from these profiles, and records the outcome. */
  async tell(
    profiles: readonly ProfileFacts[],
    more: Partial<Order> & { slot?: number; timeoutMs?: number } = {},
  ): Promise<Outcome> {
    this.profiles = profiles;
    const order = this.#order(more);
    const outcome = await this.#driver.converge(order, {
      ...this.#call(more),
      keep: async (value) => {
        if (this.isKeepBroken) throw new Error('the lease is lost');
        this.keeps += 1;
        this.kept = value;
      },
    });
    if (outcome.type === 'unknown') this.mayHaveActed = this.isInDoubt = true;
    if (outcome.type === 'done') {
      this.applied = outcome.applied ?? order.desired;
      if (outcome.kept !== undefined) this.kept = outcome.kept;
      this.mayHaveActed = false;
    }
    return outcome;
  }

  /** The time for late requests is over: as the reconciler does, once more by force. */
  async settle(): Promise<Outcome> {
    assert.ok(this.isInDoubt);
    this.isInDoubt = false;
    return this.tell(this.profiles, { isForced: true, mayHaveActed: true });
  }

  async observe(): Promise<Observation> {
    const seen = await this.#driver.observe?.(this.#order({}), this.#call({}));
    assert.ok(seen);
    return seen;
  }

  get desired(): Json {
    const facts: TargetFacts = {
      kind: 'foreign',
      values: {},
      reference: this.reference,
      denied: 0,
      intercepted: 0,
      closed: false,
      ownerClosed: false,
      profiles: this.profiles,
    };
    return broadworks.desired(facts, {});
  }

  #order(more: Partial<Order>): Order {
    return {
      entityId: 1,
      uuid: '00000000-0000-4000-8000-000000000001',
      kind: 'foreign',
      accountId: 1,
      reference: this.reference,
      values: {},
      profiles: this.profiles,
      desired: this.desired,
      applied: this.applied,
      kept: this.kept,
      task: null,
      mayHaveActed: this.mayHaveActed || this.isInDoubt,
      mayStillArrive: this.isInDoubt,
      isForced: false,
      requestId: '00000000-0000-4000-8000-000000000002',
      attempts: 0,
      ...more,
    };
  }

  #call({ slot = 0, timeoutMs = 5_000 }: { slot?: number; timeoutMs?: number }) {
    return { signal: new AbortController().signal, timeoutMs, slot };
  }
}
