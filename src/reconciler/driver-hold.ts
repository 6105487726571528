/** The driver of one system: made when it is first needed, replaced when the system is changed, closed when nobody uses it. */
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { SealingKey } from '#store/sealing.ts';
import { openSecrets } from '#store/system.ts';
import type { RunningSystem } from '#store/system-state.ts';
import type { MakeDriver, SystemDriver } from '#systems/system.ts';

import { unlessDeaf } from './call.ts';
import type { PreparedSystem } from './prepare.ts';

/** A driver that takes longer to close is left behind. */
const CLOSE_MS = 2_000;

interface Held {
  readonly version: number;
  readonly driver: SystemDriver;
  uses: number;
  isOld: boolean;
}

export class DriverHold {
  readonly #make: MakeDriver;
  readonly #sealingKey: () => SealingKey;
  readonly #onTrouble: (what: string, error: unknown) => void;
  #system: RunningSystem;
  #held: Held | null = null;

  constructor(
    system: RunningSystem,
    make: MakeDriver,
    sealingKey: () => SealingKey,
    onTrouble: (what: string, error: unknown) => void,
  ) {
    this.#system = system;
    this.#make = make;
    this.#sealingKey = sealingKey;
    this.#onTrouble = onTrouble;
  }

  /** What the desired states are computed with. */
  get prepared(): PreparedSystem {
    const { uuid, kind, settings } = this.#system;
    return { uuid, kind: SYSTEM_KIND[kind], settings };
  }

  /** Another version of the system gets another driver; calls that run end with the old one. */
  renew(system: RunningSystem): void {
    const isOther = system.version !== this.#system.version;
    this.#system = system;
    if (isOther) void this.#retire();
  }

  async use<T>(work: (driver: SystemDriver, timeoutMs: number) => Promise<T>): Promise<T> {
    const held = (this.#held ??= this.#open());
    held.uses++;
    try {
      return await work(held.driver, this.#system.timeout_ms);
    } finally {
      held.uses--;
      if (held.isOld) await this.#closeUnused(held);
    }
  }

  async close(): Promise<void> {
    await this.#retire();
  }

  #open(): Held {
    const { id, name, settings, version } = this.#system;
    const secrets = openSecrets(this.#sealingKey(), this.#system);
    return { version, driver: this.#make({ id, name, settings, secrets }), uses: 0, isOld: false };
  }

  async #retire(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    held.isOld = true;
    await this.#closeUnused(held);
  }

  async #closeUnused({ uses, driver }: Held): Promise<void> {
    if (uses > 0) return;
    try {
      if (driver.close !== undefined) await unlessDeaf(driver.close(), AbortSignal.timeout(CLOSE_MS));
    } catch (error) {
      this.#onTrouble(`the driver of ${this.#system.name} could not be closed`, error);
    }
  }
}
