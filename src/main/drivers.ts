/** What makes the driver of a system, by the kind of the system. */
import type pg from 'pg';

import type { SystemKindName } from '#core/system-kind.ts';
import { Session } from '#store/database.ts';
import { findLaggingZones } from '#store/lagging-zones.ts';
import { usersBeneath, zonesBeneath } from '#store/node-directory.ts';
import { makeApsDriver } from '#systems/aps/aps.ts';
import { makeBroadworksDriver } from '#systems/broadworks/broadworks.ts';
import { makeDovecotDriver } from '#systems/dovecot/dovecot-driver.ts';
import { makeKamailioDriver } from '#systems/kamailio/kamailio-driver.ts';
import type { NodeDirectory } from '#systems/node-directory.ts';
import { makeNumberProviderDriver } from '#systems/number-provider/driver.ts';
import { makePowerdnsDriver } from '#systems/powerdns/powerdns-driver.ts';
import type { MakeDriver } from '#systems/system.ts';

export interface DriverDeps {
  readonly pool: pg.Pool;
}

export function makeDrivers({ pool }: DriverDeps): Partial<Record<SystemKindName, MakeDriver>> {
  const directory = makeNodeDirectory(pool);
  return {
    aps: makeApsDriver,
    broadworks: makeBroadworksDriver,
    number_provider: makeNumberProviderDriver,
    kamailio: makeKamailioDriver,
    powerdns: makePowerdnsDriver(directory),
    dovecot: makeDovecotDriver(directory),
  };
}

/** What the database knows of the tree beneath a node. */
export function makeNodeDirectory(pool: pg.Pool): NodeDirectory {
  const session = new Session(pool);
  return {
    zonesBeneath: (node, limit) => zonesBeneath(session, node, limit),
    async zonesToNotify(node, limit) {
      const zones = await findLaggingZones(session, [node], limit);
      return { names: zones?.names ?? [], count: zones?.count ?? 0, isPartial: zones?.isPartial ?? false };
    },
    usersBeneath: (node, live, action) => usersBeneath(session, node, live, action),
  };
}
