/**
 * A Restcomm-Connect database as one stream of items, in the order in which one needs the other. How accounts stand
 * comes last: what is held or closed takes nothing new, and an import that was interrupted is to be finished.
 */
import type { Parsed } from './parsed.ts';
import { accountClosings, accountItems, holdItems, indexAccounts, loginItems } from './restcomm-accounts.ts';
import type { Dump } from './restcomm-dump.ts';
import {
  applicationItems,
  clientItems,
  numberItems,
  organizationClosings,
  organizationItems,
} from './restcomm-resources.ts';

type Part = (dump: Dump) => AsyncIterable<Parsed> | Iterable<Parsed>;

const PARTS: readonly (readonly [name: string, part: Part])[] = [
  ['organizations', organizationItems],
  ['accounts', indexAccounts],
  ['accounts', accountItems],
  ['logins', loginItems],
  ['applications', applicationItems],
  ['clients', clientItems],
  ['numbers', numberItems],
  ['holds', holdItems],
  ['closings', accountClosings],
  ['closings', organizationClosings],
];

/** Reads a dump. Its index is filled on the way, and is whole when all parts were read. */
export async function* parseRestcomm(dump: Dump): AsyncGenerator<Parsed> {
  for (const [name, part] of PARTS) {
    dump.options.onPart(name);
    yield* part(dump);
    // A table of accounts that cannot be read would have every line of the others refused for want of its account.
    if (part === indexAccounts && dump.files.accounts !== undefined && dump.accounts.size === 0) return;
  }
}
