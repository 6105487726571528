/** Who appears in the matrix of the account APIs: accounts in every place around a target, and in every standing. */
import { closeEntity } from '#operations/close-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putAccountLogin } from '#operations/telephony/put-account-login.ts';

import { ADMIN, type Installation, testInstallation } from './installation.ts';
import type { Cleanup } from './database.ts';
import { administrator, basic, made } from './people.ts';
import { type TelephonyAccount, addAccount, giveLogin } from './telephony-world.ts';

/** Where the account of the actor stands, seen from the target. */
export const FACE_PLACES = ['platform', 'parent', 'self', 'child', 'sibling', 'stranger'] as const;
export type FacePlace = (typeof FACE_PLACES)[number];

/** Who is refused whatever its role. */
export const FACE_OUTCASTS = [
  'suspended itself',
  'suspended above',
  'closed itself',
  'without a password yet',
  'no credential',
  'wrong secret',
] as const;
export type FaceOutcast = (typeof FACE_OUTCASTS)[number];

/** Roles by their letters in the document. */
export const FACE_ROLES = { Administrator: 'A', Developer: 'D', reader: 'R', nobody: 'N' } as const;
export type FaceRole = keyof typeof FACE_ROLES;

export interface FaceMatrixWorld {
  readonly here: Installation;
  readonly places: Readonly<Record<FacePlace, TelephonyAccount>>;
  /** The header of who is refused anyway, and the account that it asks about. */
  readonly outcasts: Readonly<Record<FaceOutcast, { readonly authorization: string | null; readonly sid: string }>>;
  /** Gives the accounts of all places this role. */
  wear(role: FaceRole): Promise<void>;
}

export async function makeFaceMatrixWorld(t: Cleanup): Promise<FaceMatrixWorld> {
  const here = await testInstallation(t);
  const { context } = here;
  const admin = administrator(here.app);
  await made(admin('PUT', '/v1/entities/0/roles/reader', { permissions: ['RestComm:Read:*'] }));
  await made(admin('PUT', '/v1/entities/0/roles/nobody', { permissions: ['decision:ask'] }));
  const root = await made(admin('GET', '/v1/entities/0'));
  const platform = await giveLogin(context, { id: root['id'], number: 0 }, 'platform@accounts.example');
  const parent = await addAccount(context);
  const self = await addAccount(context, parent);
  const places = {
    platform,
    parent,
    self,
    child: await addAccount(context, self),
    sibling: await addAccount(context, parent),
    stranger: await addAccount(context),
  };
  const suspended = await addAccount(context);
  const beneath = await addAccount(context, await addAccount(context, suspended));
  const closed = await addAccount(context);
  await placeHold(context, ADMIN, suspended.id, { profile: 'suspended' });
  await closeEntity(context, ADMIN, closed.id);
  const waiting = await addAccount(context);
  await placeHold(context, ADMIN, waiting.id, { profile: 'uninitialized' });
  await here.follow();
  const shown = ({ sid, token }: TelephonyAccount) => ({ authorization: basic(sid, token), sid });
  return {
    here,
    places,
    outcasts: {
      'suspended itself': shown(suspended),
      'suspended above': shown(beneath),
      'closed itself': shown(closed),
      'without a password yet': shown(waiting),
      'no credential': { authorization: null, sid: self.sid },
      'wrong secret': { authorization: basic(self.sid, 'wrong'), sid: self.sid },
    },
    async wear(role) {
      for (const { number } of Object.values(places)) await putAccountLogin(context, ADMIN, number, { role });
      await here.follow();
    },
  };
}
