/** Situations of callers and of accounts. */
import { sidOf } from '#core/sid.ts';

import {
  NO_EMAIL,
  NO_UUID,
  STRONG,
  type Situation,
  cannot,
  close,
  get,
  ofAccount,
  post,
  readingOf,
  remove,
  rename,
  suspend,
} from './parity-asked.ts';
import type { FaceName, Put } from './parity-world.ts';
import { basic } from './people.ts';

/** Everybody reads itself, by a credential of some kind. */
const byCredential =
  (authorization: string | null): Situation['asked'] =>
  (world) => {
    const { native, restcomm, twilio } = readingOf('kid')(world) as Record<FaceName, Put>; // All three can.
    return {
      native: { ...native, authorization },
      restcomm: { ...restcomm, authorization },
      twilio: { ...twilio, authorization },
    };
  };

export const CALLERS: readonly Situation[] = [
  { name: 'no credential', by: 'kid', code: 'unauthenticated', asked: byCredential(null) },
  { name: 'a scheme that nobody knows', by: 'kid', code: 'unauthenticated', asked: byCredential('Digest x') },
  { name: 'an unknown login', by: 'kid', code: 'unauthenticated', asked: byCredential(basic('x@x.example', 'x')) },
  {
    name: 'a wrong password',
    by: 'kid',
    code: 'unauthenticated',
    asked: (world) => byCredential(basic(world.cast.kid.email, 'wrong'))(world),
  },
  { name: 'a suspended caller', by: 'held', code: 'forbidden', asked: readingOf('held') },
  {
    name: 'a caller beneath a suspended account',
    by: 'beneathHeld',
    code: 'forbidden',
    asked: readingOf('beneathHeld'),
  },
  { name: 'a closed caller', by: 'closed', code: 'forbidden', asked: readingOf('closed') },
  {
    name: 'a caller beneath a closed account',
    by: 'beneathClosed',
    code: 'forbidden',
    asked: readingOf('beneathClosed'),
  },
  {
    name: 'a caller that stopped itself looks',
    by: 'resting',
    code: 'ok',
    asked: readingOf('resting'),
    differs: {
      restcomm: ['forbidden', 'nothing but an active account is let in'],
      twilio: ['forbidden', 'nothing but an active account is let in'],
    },
  },
  { name: 'a caller that stopped itself writes', by: 'resting', code: 'forbidden', asked: rename('resting') },
];

export const ACCOUNTS: readonly Situation[] = [
  {
    name: 'an unknown account',
    by: 'top',
    code: 'not_found',
    asked: () => ({
      native: get(`/entities/${NO_UUID}`),
      restcomm: get(`/Accounts/${sidOf('account', NO_UUID)}`),
      twilio: get(`/Accounts/${sidOf('account', NO_UUID)}`),
    }),
  },
  { name: 'a stranger', by: 'top', code: 'not_found', asked: readingOf('stranger') },
  { name: 'a sibling', by: 'kid', code: 'not_found', asked: readingOf('poor') },
  { name: 'the account above', by: 'kid', code: 'not_found', asked: readingOf('top') },
  { name: 'a suspended account, read from above', by: 'top', code: 'ok', asked: readingOf('held') },
  { name: 'a closed account, read from above', by: 'top', code: 'ok', asked: readingOf('closed') },
  { name: 'a role without permissions reads', by: 'nobody', code: 'forbidden', asked: readingOf('nobody') },
  {
    name: 'a role that reads, reads',
    by: 'reader',
    code: 'ok',
    asked: readingOf('reader'),
    differs: { native: ['forbidden', 'patterns of the account APIs mean nothing there'] },
  },
  {
    name: 'a role that reads, renames itself',
    by: 'reader',
    code: 'forbidden',
    asked: rename('reader'),
  },
  {
    name: 'a Developer reads an account beneath',
    by: 'developer',
    code: 'ok',
    asked: readingOf('beneathDeveloper'),
    differs: {
      restcomm: ['forbidden', 'only an administrator acts on other accounts than its own'],
      twilio: ['forbidden', 'the same'],
    },
  },
  {
    name: 'a Developer suspends an account beneath',
    by: 'developer',
    code: 'forbidden',
    asked: suspend('beneathDeveloper'),
  },
  { name: 'suspending a stranger', by: 'top', code: 'not_found', asked: suspend('stranger') },
  { name: 'suspending the account above', by: 'kid', code: 'not_found', asked: suspend('top') },
  { name: 'suspending a closed account', by: 'top', code: 'closed', asked: suspend('closed') },
  { name: 'suspending beneath a closed account', by: 'top', code: 'closed', asked: suspend('beneathClosed') },
  { name: 'suspending twice', by: 'top', code: 'ok', asked: suspend('held') },
  {
    name: 'suspending the platform',
    by: 'platform',
    code: 'invalid',
    asked: suspend('platform'),
    differs: { native: ['plan_required', 'it reaches everything, and a plan shows that first'] },
  },
  { name: 'closing the platform', by: 'platform', code: 'invalid', asked: close('platform') },
  {
    name: 'closing twice',
    by: 'top',
    code: 'ok',
    asked: close('closed'),
    differs: {
      restcomm: ['closed', 'every update of a closed account is refused'],
      twilio: ['closed', 'the same'],
    },
  },
  { name: 'renaming a closed account', by: 'top', code: 'closed', asked: rename('closed') },
  { name: 'renaming a suspended account', by: 'top', code: 'ok', asked: rename('held') },
  { name: 'suspending more than one request may', by: 'top', code: 'plan_required', asked: suspend('wide') },
  { name: 'closing more than one request may', by: 'top', code: 'plan_required', asked: close('wide') },
  {
    name: 'activating against a higher authority',
    by: 'top',
    code: 'forbidden',
    asked: ({ cast, things }) => ({
      native: remove(`/entities/${cast.barred.id}/holds/${things.bar}`),
      restcomm: post(`/Accounts/${cast.barred.sid}`, { Status: 'active' }),
      twilio: post(`/Accounts/${cast.barred.sid}`, { Status: 'active' }),
    }),
    differs: {
      restcomm: ['ok', 'what may be lifted is lifted, and the status that remains is answered'],
      twilio: ['conflict', 'it has a code of its own, 21478'],
    },
  },
  {
    name: 'activating beneath a suspended account',
    by: 'top',
    code: 'ok',
    asked: ({ cast }) => ({
      native: cannot('there is nothing to lift on it'),
      restcomm: post(`/Accounts/${cast.beneathHeld.sid}`, { Status: 'active' }),
      twilio: post(`/Accounts/${cast.beneathHeld.sid}`, { Status: 'active' }),
    }),
    differs: { twilio: ['conflict', 'it has a code of its own, 21476'] },
  },
  {
    name: 'an unknown word of status',
    by: 'top',
    code: 'invalid',
    asked: ofAccount(
      'kid',
      (id) => post(`/entities/${id}/holds`, { profile: 'no-such-word' }),
      (path) => post(path, { Status: 'no-such-word' }),
    ),
  },
  {
    name: 'removing an account',
    by: 'top',
    code: 'not_found',
    asked: ofAccount('kid', (id) => remove(`/entities/${id}`), remove),
    differs: {
      restcomm: ['malformed', 'the path is there and the method is not: 405'],
      twilio: ['malformed', 'the same'],
    },
  },
];

const create =
  (form: Readonly<Record<string, string>>, body: object): Situation['asked'] =>
  () => ({
    native: post('/accounts', { reseller: false, ...body }),
    restcomm: post('/Accounts', form),
    twilio: NO_EMAIL,
  });

export const CREATIONS: readonly Situation[] = [
  {
    name: 'an account without what it needs',
    by: 'top',
    code: 'invalid',
    asked: (world) => create({ Password: STRONG }, { parent: world.cast.top.id })(world),
  },
  {
    name: 'an account with a role that reads',
    by: 'reader',
    code: 'forbidden',
    asked: ({ cast }) => ({
      native: post('/accounts', { parent: cast.reader.id, name: 'x', reseller: false }),
      restcomm: post('/Accounts', { EmailAddress: 'new@x.example', Password: STRONG }),
      twilio: post('/Accounts', { FriendlyName: 'x' }),
    }),
  },
  {
    name: 'an e-mail that names another account',
    by: 'top',
    code: 'exists',
    asked: ({ cast }) => ({
      native: { method: 'PUT', path: `/entities/${cast.wide.id}/account-login`, body: { email: cast.kid.email } },
      restcomm: post('/Accounts', { EmailAddress: cast.kid.email, Password: STRONG }),
      twilio: NO_EMAIL,
    }),
    differs: { native: ['invalid', 'an account keeps the e-mail that it has'] },
  },
  {
    name: 'an e-mail that is none',
    by: 'top',
    code: 'invalid',
    asked: ({ cast }) => ({
      native: { method: 'PUT', path: `/entities/${cast.wide.id}/account-login`, body: { email: 'no-mail' } },
      restcomm: post('/Accounts', { EmailAddress: 'no-mail', Password: STRONG }),
      twilio: NO_EMAIL,
    }),
  },
  {
    name: 'a weak password',
    by: 'top',
    code: 'invalid',
    asked: ({ cast }) => ({
      native: { method: 'PUT', path: `/entities/${cast.kid.id}/account-login`, body: { password: '1234' } },
      restcomm: post(`/Accounts/${cast.kid.sid}`, { Password: '1234' }),
      twilio: NO_EMAIL,
    }),
  },
];
