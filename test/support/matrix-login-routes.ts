/** Rows of the permission matrix about logins, keys, roles and sessions: of others, and of one's own. */
import { type MatrixRow, STALE, login, nothing, own, row, target } from './matrix-row.ts';

export const IDENTITIES: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/logins', 'list logins', target),
  row('GET /v1/logins/:login', 'read a login', login),
  row('POST /v1/entities/:id/logins', 'make an auditor', target, 'exists', ({ tree }) => ({
    payload: { name: `${tree.login}@matrix.example`, role: 'auditor' },
  })),
  row('POST /v1/entities/:id/logins', 'make an administrator', target, 'exists', ({ tree }) => ({
    payload: { name: `${tree.login}@matrix.example`, role: 'administrator' },
  })),
  row(
    'PATCH /v1/logins/:login',
    'change a login',
    ({ spare }) => ({ login: spare.login }),
    'exists',
    ({ tree }) => ({ payload: { name: `${tree.login}@matrix.example` } }),
  ),
  row('GET /v1/entities/:id/account-login', "read an account's own login", target),
  row('PUT /v1/entities/:id/account-login', "change an account's own login", target, 'invalid', {
    payload: { email: 'another@matrix.example' },
  }),
  row('GET /v1/logins/:login/keys', 'list keys', login),
  row('POST /v1/logins/:login/keys', 'make a key', ({ spare }) => ({ login: spare.login }), null, {
    payload: { name: 'matrix' },
  }),
  row('DELETE /v1/keys/:key', 'remove a key', ({ spare }) => ({ key: spare.key })),
  row('DELETE /v1/logins/:login', 'remove a login', ({ spare }) => ({ login: spare.login })),
  row('GET /v1/entities/:id/roles', 'list roles', target),
  row(
    'PUT /v1/entities/:id/roles/:name',
    'change a role',
    (caller) => ({ ...target(caller), name: caller.spare.role }),
    null,
    {
      payload: { permissions: ['*:read'] },
    },
  ),
  row('DELETE /v1/entities/:id/roles/:name', 'remove a role', (caller) => ({
    ...target(caller),
    name: caller.spare.role,
  })),
  row('DELETE /v1/sessions/:session', "end another's session", ({ tree }) => ({ session: tree.session })),
];

export const OWN: readonly MatrixRow[] = [
  row('GET /v1/me', 'who am I', nothing),
  row('PUT /v1/me/password', 'change the own password', nothing, 'invalid', {
    payload: { current: 'x', password: 'short' },
  }),
  row('GET /v1/sessions', 'list the own sessions', nothing),
  row('DELETE /v1/sessions/:session', 'end an own session', ({ ownSession }) => ({ session: ownSession })),
  row('GET /v1/logins/:login', 'read the own login', ({ login: id }) => ({ login: id })),
  row('GET /v1/logins/:login/keys', 'list the own keys', ({ login: id }) => ({ login: id })),
  row('POST /v1/logins/:login/keys', 'make an own key', ({ login: id }) => ({ login: id }), null, {
    payload: { name: 'matrix' },
  }),
  row('DELETE /v1/keys/:key', 'remove an own key', ({ ownKey }) => ({ key: ownKey })),
  row('POST /v1/sessions', 'ask to sign in', nothing, 'invalid', { payload: { login: '' } }),
  row('POST /v1/entities/:id/plan', 'plan to lift the hold on the own account', own, 'invalid', ({ ownHold }) => ({
    payload: { action: 'lift', hold: ownHold },
  })),
];

export const ACTING: readonly MatrixRow[] = [
  row('GET /v1/me', 'act as the target', nothing, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
  row('GET /v1/entities/:id', 'as the target: read it', target, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
  row(
    'GET /v1/entities/:id',
    'as the target: read its parent',
    ({ tree }) => ({ id: tree.accounts.parent }),
    null,
    (caller) => ({
      headers: { 'abeyance-act-as': target(caller).id },
    }),
  ),
  row(
    'PATCH /v1/entities/:id',
    'as the target: change a field for an account above',
    target,
    'precondition_failed',
    (caller) => ({
      payload: { accountType: 'Trial' },
      headers: { 'abeyance-act-as': target(caller).id, ...STALE.headers },
    }),
  ),
  row('GET /v1/status', 'as the target: read the status', nothing, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
];
