/** Who appears in the comparison of faces, and how each face is asked. A next face adds one member to `FACES`. */
import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import type { OperationContext } from '#operations/context.ts';

import { ADMIN, type Installation } from './installation.ts';
import { numberWorld } from './number-world.ts';
import type { Cleanup } from './database.ts';
import { type Answer, administrator, asking, basic, made } from './people.ts';
import { type Form, type TelephonyAccount, addAccount, giveLogin, restWith } from './telephony-world.ts';

/** The accounts by what they are in the story; `top` is above all but the platform and the stranger. */
export interface Cast {
  readonly platform: TelephonyAccount;
  readonly top: TelephonyAccount;
  readonly kid: TelephonyAccount;
  readonly grandkid: TelephonyAccount;
  /** Suspended by top. */
  readonly held: TelephonyAccount;
  readonly beneathHeld: TelephonyAccount;
  /** Suspended by the platform. */
  readonly barred: TelephonyAccount;
  /** Suspended by itself. */
  readonly resting: TelephonyAccount;
  readonly closed: TelephonyAccount;
  readonly beneathClosed: TelephonyAccount;
  /** May have no number. */
  readonly poor: TelephonyAccount;
  /** Has more beneath it than one request may stop. */
  readonly wide: TelephonyAccount;
  readonly developer: TelephonyAccount;
  readonly beneathDeveloper: TelephonyAccount;
  /** With a role that only reads. */
  readonly reader: TelephonyAccount;
  /** With a role that allows nothing there. */
  readonly nobody: TelephonyAccount;
  readonly stranger: TelephonyAccount;
}
export type Role = keyof Cast;

export interface Things {
  /** Of the kid. */
  readonly number: string;
  readonly e164: string;
  readonly application: string;
  readonly client: string;
  readonly login: string;
  readonly organization: string;
  /** Of the stranger. */
  readonly foreignNumber: string;
  readonly foreignApplication: string;
  /** The hold on `barred`. */
  readonly bar: string;
}

export interface ParityWorld {
  readonly here: Installation;
  readonly cast: Cast;
  readonly things: Things;
}

/** As many entities as one request may change here. */
export const GUARD_LIMIT = 6;
/** The one number that the provider `carrier` sells. */
export const FOR_SALE = '+31208005100';
export const PARITY_DOMAIN = 'parity.example';

export async function makeParityWorld(t: Cleanup): Promise<ParityWorld> {
  const here = await numberWorld(t, {
    stock: [FOR_SALE],
    operations: { guardLimit: GUARD_LIMIT, faceGuardLimit: GUARD_LIMIT },
  });
  const { context } = here;
  const admin = administrator(here.app);
  await made(admin('PUT', '/v1/entities/0/roles/reader', { permissions: ['RestComm:Read:*'] }));
  await made(admin('PUT', '/v1/entities/0/roles/nobody', { permissions: ['decision:ask'] }));
  const root = await made(admin('GET', '/v1/entities/0'));
  const platform = await giveLogin(context, { id: root['id'], number: 0 }, 'platform@accounts.example');
  const organization = await made(
    admin('POST', '/v1/resources', { kind: 'sip_domain', parent: root['id'], domain: PARITY_DOMAIN }),
  );
  const add = (parent: TelephonyAccount | null, more: object = {}) =>
    addAccount(context, parent, { organization: organization['id'], ...more });
  const top = await add(null);
  const kid = await add(top);
  const held = await add(top);
  const closed = await add(top);
  const developer = await add(top, { role: 'developer' });
  const wide = await add(top);
  for (let count = 0; count <= GUARD_LIMIT; count += 1)
    await createEntity(context, ADMIN, { kind: 'account', name: 'small', parent: wide.id, reseller: false });
  const cast: Cast = {
    platform,
    top,
    kid,
    grandkid: await add(kid),
    held,
    beneathHeld: await add(held),
    barred: await add(top),
    resting: await add(top),
    closed,
    beneathClosed: await add(closed),
    poor: await add(top),
    wide,
    developer,
    beneathDeveloper: await add(developer),
    reader: await add(top, { role: 'reader' }),
    nobody: await add(top, { role: 'nobody' }),
    stranger: await add(null),
  };
  const things = await addThings(context, cast, organization['id']);
  await here.follow();
  const as = (account: TelephonyAccount) => asking(here.app, basic(account.email, account.password));
  const status = { profile: 'suspended', source: 'status' };
  await made(as(top)('POST', `/v1/entities/${held.id}/holds`, { ...status, externalRef: top.id }));
  await made(
    as(cast.resting)('POST', `/v1/entities/${cast.resting.id}/holds`, { ...status, externalRef: cast.resting.id }),
  );
  const { value: bar } = await placeHold(context, ADMIN, cast.barred.id, status);
  await made(admin('PUT', `/v1/entities/${cast.poor.id}/credits`, { number_credit: 0 }));
  await closeEntity(context, ADMIN, closed.id);
  await here.follow();
  return { here, cast, things: { ...things, bar: bar.hold.id } };
}

async function addThings(context: OperationContext, cast: Cast, organization: string): Promise<Omit<Things, 'bar'>> {
  const create = async (input: Parameters<typeof createEntity>[2]) =>
    (await createEntity(context, ADMIN, input)).value.id;
  const { kid, stranger } = cast;
  const e164 = '+31209007001';
  return {
    organization,
    e164,
    number: await create({ kind: 'phone_number', parent: kid.id, e164 }),
    application: await create({ kind: 'application', parent: kid.id, name: 'Menu' }),
    login: 'kid',
    client: await create({
      kind: 'sip_account',
      parent: organization,
      owner: kid.id,
      username: 'kid',
      ha1: 'f'.repeat(32),
    }),
    foreignNumber: await create({ kind: 'phone_number', parent: stranger.id, e164: '+31209007002' }),
    foreignApplication: await create({ kind: 'application', parent: stranger.id, name: 'Menu' }),
  };
}

/** One request; `body` is JSON on the native face, a form on the others. */
export interface Put {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Shown in place of the credential of who asks. */
  readonly authorization?: string | null;
}

type Send = (world: ParityWorld, by: TelephonyAccount, put: Put) => Promise<Answer>;

const form =
  (base: string): Send =>
  ({ here }, by, { method, path, body, authorization = basic(by.sid, by.token) }) =>
    restWith(here.app, base, authorization)(method as 'GET', path, body as Form | undefined); // Methods and forms as there are.

/** How each face is asked; a name for each column. */
export const FACES = {
  native: ({ here }, by, { method, path, body, authorization = basic(by.email, by.password) }) =>
    asking(here.app, authorization)(method, `/v1${path}`, body),
  restcomm: form(RESTCOMM_BASE),
  twilio: form(TWILIO_BASE),
} as const satisfies Readonly<Record<string, Send>>;
export type FaceName = keyof typeof FACES;

/** What an answer comes to: its problem code, or `ok`. */
export function codeOf({ status, body, headers }: Answer): string {
  if (status < 400) return 'ok';
  return String(headers['x-abeyance-problem'] ?? body['code'] ?? status);
}
