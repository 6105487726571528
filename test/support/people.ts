/** People who ask: logins of accounts in a tree, and requests in their name. */
import assert from 'node:assert/strict';

import type { FastifyInstance } from 'fastify';

import { TOKEN } from './installation.ts';

export interface Person {
  readonly login: string;
  readonly account: string;
  readonly key: string;
  readonly password: string;
  readonly name: string;
}

/** What comes back, for tests to look into. */
export type Body = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- what is in it is what is asserted

export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export type Ask = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** Requests with a credential; without one nothing is shown. */
export function asking(app: FastifyInstance, authorization: string | null): Ask {
  return async (method, url, payload, headers = {}) => {
    const response = await app.inject({
      method,
      url,
      ...(payload === undefined ? {} : { payload }),
      headers: { ...(authorization === null ? {} : { authorization }), ...headers },
    });
    const isJson = (response.headers['content-type'] ?? '').includes('json');
    return {
      status: response.statusCode,
      text: response.body,
      body: isJson && response.body !== '' && !response.body.includes('\n{') ? response.json() : {},
      headers: response.headers,
    };
  };
}

export function administrator(app: FastifyInstance): Ask {
  return asking(app, `Bearer ${TOKEN}`);
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** Expects success, and gives what was made. */
export async function made(answer: Promise<Answer>): Promise<Body> {
  const { status, body, text } = await answer;
  assert.ok(status < 300, text);
  return body;
}

let count = 0;

/** A login of the account with a key. With a password it costs a hash. */
export async function addPerson(
  admin: Ask,
  account: string,
  role = 'administrator',
  options: { readonly password?: boolean } = {},
): Promise<Person> {
  const name = `person-${(count += 1)}@people.example`;
  const password = `pass word ${count}`;
  const login = await made(
    admin('POST', `/v1/entities/${account}/logins`, { name, role, ...(options.password === true ? { password } : {}) }),
  );
  const { key } = await made(admin('POST', `/v1/logins/${login.id}/keys`, { name: 'test' }));
  return { login: login.id, account, key, password, name };
}

export const by = (app: FastifyInstance, person: Person): Ask => asking(app, `Bearer ${person.key}`);
