/** People, workers and a system that is not well, interleaved: customers are suspended and pay at any moment. */
import assert from 'node:assert/strict';

import { type BulkItem, runBulk } from '#operations/run-bulk.ts';

import { ADMIN, type Installation } from './installation.ts';
import type { Stage } from './reconcile-stage.ts';
import { passTime } from './reconcile-time.ts';

/** Longer than any lease, back-off or flight. */
export const LEAP_MS = 3_600_000;

/** What a suspension has come to when the payment arrives. */
export const MOMENTS = [
  'placed',
  'read',
  'expanded',
  'claimed',
  'told',
  'acted',
  'answered',
  'confirmed',
  'unproven',
  'on its way late',
] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Customer {
  readonly id: number;
  readonly things: readonly Thing[];
  hold: string | null;
  /** The revision of the hold. */
  placed: number;
  isPaid: boolean;
}

export interface Thing {
  readonly id: number;
  /** What happened to it, each with the step of the stage: one interleaving. */
  trace: string[];
}

interface Row {
  readonly id: number;
  readonly is_read: boolean;
  readonly is_expanded: boolean;
  readonly is_leased: boolean;
  readonly is_confirmed: boolean;
  readonly is_unproven: boolean;
}

export class Play {
  readonly #here: Installation;
  readonly #stage: Stage;
  readonly #customers: readonly Customer[];
  readonly #random: () => number;
  readonly moments = new Map<Moment, number>();

  constructor(here: Installation, stage: Stage, customers: readonly Customer[], random: () => number) {
    this.#here = here;
    this.#stage = stage;
    this.#customers = customers;
    this.#random = random;
  }

  #some<T>(all: readonly T[], share: number): T[] {
    return all.filter(() => this.#random() < share);
  }

  async #bulk(
    customers: readonly Customer[],
    itemOf: (customer: Customer) => BulkItem,
  ): Promise<readonly { readonly id: string }[]> {
    const run = runBulk(this.#here.context, ADMIN, customers.map(itemOf), { isBrief: true });
    const { outcomes, revision } = await this.#stage.during(run, this.#random);
    return outcomes.map((outcome) => {
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.notEqual(revision, null);
      return outcome.body as { readonly id: string }; // A view of a hold.
    });
  }

  /** Suspends some that are not. */
  async suspend(share: number): Promise<void> {
    const customers = this.#some(
      this.#customers.filter(({ hold, isPaid }) => hold === null && !isPaid),
      share,
    );
    if (customers.length === 0) return;
    const views = await this.#bulk(customers, ({ id }) => ({
      op: 'hold',
      entity: id,
      body: { profile: 'suspended', source: 'payment' },
    }));
    const { rows } = await this.#here.pool.query<{ entity_id: number; revision: number }>(
      `select entity_id, max(revision) as revision from change where kind = 'hold.placed' and entity_id = any ($1) group by entity_id`,
      [customers.map(({ id }) => id)],
    );
    const revisions = new Map(rows.map((row) => [row.entity_id, row.revision]));
    for (const [at, customer] of customers.entries()) {
      customer.hold = views[at]?.id ?? '';
      customer.placed = revisions.get(customer.id) ?? 0;
      for (const thing of customer.things) this.note(thing, 'suspended');
    }
  }

  /** Lets payments come for some that are suspended. */
  async pay(share: number): Promise<void> {
    const customers = this.#some(
      this.#customers.filter(({ hold, isPaid }) => hold !== null && !isPaid),
      share,
    );
    if (customers.length === 0) return;
    const moments = await this.#momentsOf(customers);
    await this.#bulk(customers, ({ id, hold }) => ({ op: 'lift', entity: id, hold: hold ?? '' }));
    for (const customer of customers) {
      customer.isPaid = true;
      for (const thing of customer.things) {
        const moment = moments.get(thing.id) ?? 'placed';
        this.moments.set(moment, (this.moments.get(moment) ?? 0) + 1);
        this.note(thing, `paid when ${moment}`);
      }
    }
  }

  note(thing: Thing, event: string): void {
    thing.trace.push(`${this.#stage.steps} ${event}`);
  }

  async #momentsOf(customers: readonly Customer[]): Promise<Map<number, Moment>> {
    const things = customers.flatMap((customer) => customer.things.map(({ id }) => ({ id, placed: customer.placed })));
    const { rows } = await this.#here.pool.query<Row>(
      `select w.id, c.revision >= w.placed as is_read, t.generation_desired >= w.placed as is_expanded, t.lease_token is not null as is_leased,
          t.generation_applied >= w.placed as is_confirmed, t.is_unproven
        from unnest($1::bigint[], $2::bigint[]) w (id, placed) cross join sweep_cursor c join target t on t.entity_id = w.id`,
      [things.map(({ id }) => id), things.map(({ placed }) => placed)],
    );
    const calls = new Map([...this.#stage.calls].map((call) => [call.entityId, call.state]));
    return new Map(
      rows.map((row): [number, Moment] => {
        const call = calls.get(row.id);
        if (call === 'given up') return [row.id, 'on its way late'];
        if (call !== undefined) return [row.id, call === 'acted' ? 'acted' : 'told'];
        if (row.is_confirmed) return [row.id, 'confirmed'];
        const wasAnswered = this.#stage.switches.get(row.id) === 'off';
        if (row.is_leased) return [row.id, wasAnswered ? 'answered' : 'claimed'];
        if (row.is_unproven) return [row.id, 'unproven'];
        return [row.id, row.is_expanded ? 'expanded' : row.is_read ? 'read' : 'placed'];
      }),
    );
  }

  /** Lets some calls act and some be answered, rightly or not. */
  farSide(): void {
    const stage = this.#stage;
    for (const call of this.#some([...stage.calls], 0.4)) {
      const dice = this.#random();
      if (call.state === 'given up' || (call.state === 'sent' && dice < 0.3)) stage.act(call);
      else if (call.state === 'acted') stage.answer(call, dice < 0.85 ? 'done' : 'lost reply');
      else if (dice < 0.6) stage.answer(call, 'done');
      else if (dice < 0.7) stage.answer(call, 'lost request');
      else if (dice < 0.8) stage.answer(call, 'refused');
      else if (dice < 0.9) stage.answer(call, 'lost reply');
      else stage.answer(call, 'late');
    }
  }

  /** Lets every lease and every wait end. What was sent before the last leap has acted by now, or never will. */
  async leap(): Promise<void> {
    const stage = this.#stage;
    for (const call of stage.calls) {
      if (call.state === 'given up') stage.act(call);
      else if (call.leap < stage.leaps)
        stage.answer(call, call.state === 'acted' || this.#random() < 0.5 ? 'lost reply' : 'lost request');
    }
    await stage.during(passTime(this.#here.pool, LEAP_MS), this.#random, 20);
    // Counted when it is over: what was sent while time passed was sent before.
    stage.leaps += 1;
  }

  /** Interleaves until everybody has been suspended and has paid. */
  async run(): Promise<void> {
    const random = this.#random;
    for (;;) {
      const left = this.#customers.filter(({ isPaid }) => !isPaid).length;
      if (left === 0) return;
      const dice = random();
      // Towards the end the shares grow, or the last few would take as long as all others.
      const share = Math.max(0.4 * random(), Math.min(1, 5 / left));
      if (dice < 0.025) await this.suspend(share);
      else if (dice < 0.05) await this.pay(share);
      else if (dice < 0.25) this.farSide();
      else if (dice < 0.256) await this.leap();
      else await this.#stage.step(random);
    }
  }
}
