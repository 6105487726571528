/** What makes the driver of a system, by the kind of the system. */
import type pg from 'pg';

import type { SystemKindName } from '#core/system-kind.ts';
import type { MakeDriver } from '#systems/system.ts';

export interface DriverDeps {
  readonly pool: pg.Pool;
}

export function makeDrivers(_deps: DriverDeps): Partial<Record<SystemKindName, MakeDriver>> {
  return {};
}
