/** A tree, systems and a driver for tests of the reconciler. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Json } from '#core/field.ts';
import { REMOTE_PACE, type SystemKindName } from '#core/system-kind.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { Reconciler, type ReconcilerOptions } from '#reconciler/reconciler.ts';
import { systemAuthor } from '#store/change.ts';
import { type NewSystem, type SystemRow, insertSystem } from '#store/system.ts';
import { transact } from '#store/transaction.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import type { Cleanup } from '#test/database.ts';
import type { Call, Order, Outcome, SystemDriver } from '#systems/system.ts';

export type Answer = (order: Order, call: Call) => Promise<Outcome> | Outcome;

export interface Held {
  readonly id: string;
  readonly entity: number;
  readonly revision: number;
}

/** What a driver was told, and how it answers. */
export interface Board {
  readonly calls: Order[];
  answer: Answer;
  observe?: SystemDriver['observe'];
  running: number;
  mostRunning: number;
  closed: number;
}

export interface World extends Installation {
  readonly board: Board;
  readonly troubles: { readonly what: string; readonly error: unknown }[];
  account(name: string, parent?: number): Promise<number>;
  foreign(parent: number, reference: string, system?: string): Promise<number>;
  system(name: string, pace?: Partial<NewSystem>, kind?: SystemKindName): Promise<SystemRow>;
  hold(entity: number, profile?: string): Promise<Held>;
  lift(hold: Held): Promise<number>;
  reconciler(options?: Partial<ReconcilerOptions>): Reconciler;
  /** Waits until all that was committed has reached its targets and nothing is open, or may still change by itself. */
  settled(): Promise<void>;
  targets(): Promise<Record<string, Json>[]>;
  until(what: string, condition: () => Promise<boolean> | boolean): Promise<void>;
}

const WAIT_MS = 20_000;

export async function reconcilerWorld(t: Cleanup): Promise<World> {
  const here = await testInstallation(t, { guardLimit: 10_000_000 });
  const { context, pool } = here;
  const board: Board = { calls: [], answer: () => ({ type: 'done' }), running: 0, mostRunning: 0, closed: 0 };
  const troubles: World['troubles'] = [];
  const until: World['until'] = async (what, condition) => {
    for (const endMs = performance.now() + WAIT_MS; !(await condition()); await sleep(10)) {
      if (performance.now() < endMs) continue;
      const { rows } = await pool.query('select to_jsonb(t) as row from target t limit 3');
      throw new Error(`it never came: ${what}; ${JSON.stringify(rows)} ${String(troubles[0]?.error)}`);
    }
  };
  const driver = (): SystemDriver => ({
    async converge(order, call) {
      board.calls.push(order);
      board.running++;
      board.mostRunning = Math.max(board.mostRunning, board.running);
      try {
        return await board.answer(order, call);
      } finally {
        board.running--;
      }
    },
    observe: (order, call) => {
      if (board.observe === undefined) throw new Error('this test observes nothing');
      return board.observe(order, call);
    },
    close: () => {
      board.closed++;
      return Promise.resolve();
    },
  });
  return {
    ...here,
    board,
    troubles,
    until,
    account: async (name, parent = 0) =>
      (await createEntity(context, ADMIN, { kind: 'account', name, parent })).value.number,
    foreign: async (parent, reference, system = 'cloud') =>
      (
        await createEntity(context, ADMIN, {
          kind: 'foreign',
          parent,
          name: reference,
          system,
          externalReference: reference,
        })
      ).value.number,
    system: async (name, pace = {}, kind = 'aps') => {
      const { value } = await transact(
        pool,
        here.chainKey,
        'none',
        systemAuthor('token:admin'),
        async (transaction) => {
          const row = await insertSystem(transaction, context.sealingKey, {
            ...REMOTE_PACE,
            timeoutMs: 1_000,
            flightMaxMs: 1_000,
            retryMinMs: 20,
            retryMaxMs: 100,
            name,
            kind,
            accountId: 0,
            settings: { url: 'http://127.0.0.1:1' },
            secrets: {},
            drift: 'off',
            ...pace,
          });
          transaction.record({
            kind: 'system.created',
            entityId: null,
            facts: { system: row.uuid, name, systemKind: kind },
            touched: [],
          });
          return row;
        },
      );
      return value;
    },
    hold: async (entity, profile = 'suspended') => {
      const { value, revision } = await placeHold(context, ADMIN, entity, { profile, source: `s${Math.random()}` });
      return { id: value.hold.id, entity, revision: revision ?? 0 };
    },
    lift: async ({ entity, id }) => (await liftHold(context, ADMIN, entity, id)).revision ?? 0,
    reconciler: (options = {}) => {
      const reconciler = new Reconciler({
        pool,
        connectionString: here.connectionString,
        sealingKey: () => context.sealingKey,
        chainKey: () => context.chainKey,
        makeDriver: { aps: driver, kamailio: driver, number_provider: driver },
        workerName: 'test',
        onTrouble: (what, error) => troubles.push({ what, error }),
        pollMs: 100,
        ...options,
      });
      reconciler.start();
      t.after(() => reconciler.stop());
      return reconciler;
    },
    settled: () =>
      until('everything is settled', async () => {
        const { rows } = await pool.query<{ open: number }>(
          `select (select count(*) from target where generation_applied < generation_desired or due_at is not null)
            + (select count(*) from sweep where expanded_at is null)
            + (select c.revision - s.revision from change_counter c, sweep_cursor s) as open`,
        );
        return rows[0]?.open === 0;
      }),
    targets: async () =>
      (
        await pool.query<{ row: Record<string, Json> }>(
          "select to_jsonb(t) || jsonb_build_object('outcome', target_outcome(t)) as row from target t order by system_id, entity_id",
        )
      ).rows.map(({ row }) => row),
  };
}
