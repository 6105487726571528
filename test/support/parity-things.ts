/** Situations of what lies under accounts, and of requests as such. */
import { sidOf } from '#core/sid.ts';

import { type Asked, NO_UUID, STRONG, type Situation, cannot, get, post, remove } from './parity-asked.ts';
import type { ParityWorld, Role } from './parity-world.ts';

/** A request about things under an account. */
const under =
  (pick: Role, rest: string, nativePut: (world: ParityWorld) => Asked, other: (path: string) => Asked = get) =>
  (world: ParityWorld) => {
    const path = `/Accounts/${world.cast[pick].sid}/${rest}`;
    return { native: nativePut(world), restcomm: other(path), twilio: other(path) };
  };
const buyFor = (pick: Role, number: string) =>
  under(
    pick,
    'IncomingPhoneNumbers',
    ({ cast }) => post('/number-providers/carrier/purchases', { account: cast[pick].id, number }),
    (path) => post(path, { PhoneNumber: number }),
  );
const CALL = { From: '+31209007001', To: '+31209007009', Url: 'http://x.example/rcml' };
const NO_CALLS = cannot('calls and messages are placed on the account APIs alone');
const NO_CLIENTS = cannot('it has no clients');
const FOR_SALE_NOWHERE = '+31208005109';

export const THINGS: readonly Situation[] = [
  {
    name: 'an unknown number',
    by: 'top',
    code: 'not_found',
    asked: under('kid', `IncomingPhoneNumbers/${sidOf('number', NO_UUID)}`, () => get(`/entities/${NO_UUID}`)),
  },
  {
    name: 'the number of a stranger',
    by: 'top',
    code: 'not_found',
    asked: (world) =>
      under('kid', `IncomingPhoneNumbers/${sidOf('number', world.things.foreignNumber)}`, () =>
        get(`/entities/${world.things.foreignNumber}`),
      )(world),
  },
  {
    name: 'the application of a stranger, removed',
    by: 'top',
    code: 'not_found',
    asked: (world) =>
      under(
        'kid',
        `Applications/${sidOf('application', world.things.foreignApplication)}`,
        () => post(`/entities/${world.things.foreignApplication}/close`),
        remove,
      )(world),
  },
  {
    name: 'the numbers of a stranger',
    by: 'top',
    code: 'not_found',
    asked: under('stranger', 'IncomingPhoneNumbers', ({ cast }) => get(`/entities/${cast.stranger.id}/children`)),
  },
  { name: 'a number that nobody sells', by: 'top', code: 'conflict', asked: buyFor('kid', FOR_SALE_NOWHERE) },
  {
    name: 'a number that somebody has',
    by: 'top',
    code: 'exists',
    asked: buyFor('kid', '+31209007001'),
    differs: {
      restcomm: ['conflict', '21452, whatever the reason'],
      twilio: ['conflict', 'the same'],
    },
  },
  { name: 'a number beyond the credit', by: 'poor', code: 'over_credit', asked: buyFor('poor', '+31208005100') },
  { name: 'a number for a suspended account', by: 'top', code: 'held', asked: buyFor('held', '+31208005100') },
  {
    name: 'a number beneath a suspended account',
    by: 'top',
    code: 'held',
    asked: buyFor('beneathHeld', '+31208005100'),
  },
  {
    name: 'a number for a closed account',
    by: 'top',
    code: 'closed',
    asked: buyFor('closed', '+31208005100'),
    differs: {
      restcomm: ['forbidden', 'nothing is made beneath a closed account'],
      twilio: ['forbidden', 'the same'],
    },
  },
  { name: 'a number that is none', by: 'top', code: 'invalid', asked: buyFor('kid', 'no number') },
  {
    name: 'an application without a name',
    by: 'top',
    code: 'invalid',
    asked: ({ cast }) => ({
      native: post('/resources', { kind: 'application', parent: cast.kid.id }),
      restcomm: post(`/Accounts/${cast.kid.sid}/Applications`),
      twilio: cannot('its applications need no name'),
    }),
  },
  {
    name: 'an application for a suspended account',
    by: 'top',
    code: 'held',
    asked: ({ cast }) => ({
      native: post('/resources', { kind: 'application', parent: cast.held.id, name: 'x' }),
      restcomm: post(`/Accounts/${cast.held.sid}/Applications`, { FriendlyName: 'x' }),
      twilio: post(`/Accounts/${cast.held.sid}/Applications`, { FriendlyName: 'x' }),
    }),
    differs: {
      restcomm: ['ok', 'an account above may make what comes under the hold at once'],
      twilio: ['ok', 'the same'],
    },
  },
  {
    name: 'a client whose login another account has',
    by: 'top',
    code: 'exists',
    asked: ({ cast, things }) => ({
      native: cannot('an account there makes nothing in the domain of another'),
      restcomm: post(`/Accounts/${cast.poor.sid}/Clients`, { Login: things.login, Password: STRONG }),
      twilio: NO_CLIENTS,
    }),
  },
  {
    name: 'a client without a password',
    by: 'top',
    code: 'invalid',
    asked: ({ cast, things }) => ({
      native: cannot('its clients may have none'),
      restcomm: post(`/Accounts/${cast.kid.sid}/Clients`, { Login: `${things.login}2` }),
      twilio: NO_CLIENTS,
    }),
  },
  {
    name: 'a call for a suspended account',
    by: 'top',
    code: 'held',
    asked: ({ cast }) => ({
      native: NO_CALLS,
      restcomm: post(`/Accounts/${cast.held.sid}/Calls`, CALL),
      twilio: post(`/Accounts/${cast.held.sid}/Calls`, CALL),
    }),
  },
  {
    name: 'a message for an account beneath a suspended one',
    by: 'top',
    code: 'held',
    asked: ({ cast }) => ({
      native: NO_CALLS,
      restcomm: post(`/Accounts/${cast.beneathHeld.sid}/SMS/Messages`, { From: CALL.From, To: CALL.To, Body: 'x' }),
      twilio: post(`/Accounts/${cast.beneathHeld.sid}/Messages`, { From: CALL.From, To: CALL.To, Body: 'x' }),
    }),
  },
];

export const REQUESTS: readonly Situation[] = [
  {
    name: 'a path that leads nowhere',
    by: 'top',
    code: 'not_found',
    asked: () => ({ native: get('/nowhere'), restcomm: get('/nowhere'), twilio: get('/nowhere') }),
  },
  {
    name: 'a path that holds U+0000',
    by: 'top',
    code: 'malformed',
    asked: () => ({
      native: get('/entities/x%00'),
      restcomm: get('/Accounts/x%00'),
      twilio: get('/Accounts/x%00'),
    }),
  },
];
