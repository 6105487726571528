/** Accounts with logins of their own, and requests to the account APIs in their name, in forms as `curl` sends them. */
import type { FastifyInstance } from 'fastify';

import type { OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { putAccountLogin } from '#operations/telephony/put-account-login.ts';

import { ADMIN } from './installation.ts';
import { type Answer, basic } from './people.ts';

export interface TelephonyAccount {
  readonly id: string;
  readonly number: number;
  readonly sid: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

let count = 0;

/** An account beneath another one, or beneath the platform, with a login of its own. */
export async function addAccount(
  context: OperationContext,
  parent: TelephonyAccount | null = null,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TelephonyAccount> {
  count += 1;
  const { role = 'Administrator', ...fields } = more;
  const name = `account-${count}`;
  const { value } = await createEntity(context, ADMIN, {
    kind: 'account',
    name,
    reseller: false,
    role,
    ...(parent === null ? {} : { parent: parent.id }),
    ...fields,
  });
  return giveLogin(context, value, `${name}@accounts.example`, String(role));
}

/** A login of its own for an account that is there, the platform among them. */
export async function giveLogin(
  context: OperationContext,
  { id, number }: { readonly id: string; readonly number: number },
  email: string,
  role = 'Administrator',
): Promise<TelephonyAccount> {
  const password = `Pass word of ${email}`;
  const { value } = await putAccountLogin(context, ADMIN, number, { email, password, role });
  return { id, number, sid: value.sid, email, password, token: String(value.token) };
}

/** Forgets what was wrong so far, since tests are wrong more often than anybody may be. */
export async function forgetFailures({ pool }: Pick<OperationContext, 'pool'>): Promise<void> {
  await pool.query('delete from sign_in_attempt');
}

export type Form = Readonly<Record<string, string>>;

/** Requests with a user name and a secret; without any nothing is shown. */
export type Rest = (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  form?: Form,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** Requests beneath a base such as /restcomm/2012-04-24, as an account by SID and token. */
export function restAs(app: FastifyInstance, base: string, account: TelephonyAccount | null): Rest {
  return restWith(app, base, account === null ? null : basic(account.sid, account.token));
}

export function restWith(app: FastifyInstance, base: string, authorization: string | null): Rest {
  return async (method, path, form, headers = {}) => {
    const response = await app.inject({
      method,
      url: base + path,
      ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
      headers: {
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(authorization === null ? {} : { authorization }),
        ...headers,
      },
    });
    const isJson = (response.headers['content-type'] ?? '').includes('json');
    return {
      status: response.statusCode,
      text: response.body,
      body: isJson ? response.json() : {},
      headers: response.headers,
    };
  };
}
