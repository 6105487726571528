/** Accounts of two organizations with a carrier that sells to all, and requests about the numbers of one on the Restcomm face. */
import assert from 'node:assert/strict';

import { createEntity } from '#operations/create-entity.ts';

import type { Cleanup } from './database.ts';
import { ADMIN } from './installation.ts';
import { type NumberWorld, numberWorld } from './number-world.ts';
import { type Rest, type TelephonyAccount, addAccount, giveLogin, restAs } from './telephony-world.ts';

export interface RestcommNumbers extends NumberWorld {
  /** Ids of the SIP domains one.example and two.example. */
  readonly organizations: readonly [string, string];
  readonly platform: TelephonyAccount;
  /** Both of the first organization; the sibling is of the second. */
  readonly parent: TelephonyAccount;
  readonly child: TelephonyAccount;
  readonly sibling: TelephonyAccount;
  readonly as: (account: TelephonyAccount) => Rest;
  /** The path of the numbers of an account. */
  readonly path: (account: TelephonyAccount, end?: string) => string;
  /** Gets a number and answers its SID. */
  readonly buy: (number: string, who?: TelephonyAccount, more?: Readonly<Record<string, string>>) => Promise<string>;
}

const BASE = '/restcomm/2012-04-24';
const STOCK = Array.from({ length: 30 }, (_, n) => `+312080051${10 + n}`);

export async function restcommNumbers(t: Cleanup): Promise<RestcommNumbers> {
  const here = await numberWorld(t, { stock: STOCK, settings: { countries: ['NL', 'US'] } });
  const add = async (domain: string) =>
    (await createEntity(here.context, ADMIN, { kind: 'sip_domain', domain, parent: 0 })).value.id;
  const organizations = [await add('one.example'), await add('two.example')] as const;
  const parent = await addAccount(here.context, null, { organization: organizations[0] });
  const child = await addAccount(here.context, parent, { organization: organizations[0] });
  const sibling = await addAccount(here.context, null, { organization: organizations[1] });
  const { rows } = await here.pool.query<{ uuid: string }>('select uuid from entity where id = 0');
  const root = { id: rows[0]?.uuid ?? '', number: 0 };
  const platform = await giveLogin(here.context, root, 'root@accounts.example');
  await here.follow();
  const as = (account: TelephonyAccount) => restAs(here.app, BASE, account);
  const path = (account: TelephonyAccount, end = '') => `/Accounts/${account.sid}/IncomingPhoneNumbers${end}`;
  return {
    ...here,
    organizations,
    platform,
    parent,
    child,
    sibling,
    as,
    path,
    async buy(number, who = child, more = {}) {
      const bought = await as(who)('POST', path(who, '.json'), { PhoneNumber: number, ...more });
      assert.equal(bought.status, 200, bought.text);
      return String(bought.body['sid']);
    },
  };
}
