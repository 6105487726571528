/** The library of Twilio as it comes, but for where its requests go: to a server of the tests. */
import type { FastifyInstance } from 'fastify';
import twilio from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';

import type { TelephonyAccount } from './telephony-world.ts';

/** Requests as the library makes them, to another origin. */
class OtherOrigin extends twilio.RequestClient {
  readonly #origin: string;

  constructor(origin: string) {
    super({ timeout: 20_000 });
    this.#origin = origin;
  }

  override request<T>(options: RequestClient.RequestOptions<T>) {
    const { pathname, search } = new URL(options.uri);
    return super.request<T>({ ...options, uri: `${this.#origin}${pathname}${search}` });
  }
}

export interface Signing {
  readonly sid: string;
  readonly token: string;
}

/** Clients of the library for a server that is listening. */
export type ClientOf = (account: Signing | TelephonyAccount, accountSid?: string) => twilio.Twilio;

/** Has the server listen and answers what makes clients: as an account, and for another one where that is named. */
export async function twilioClients(app: FastifyInstance): Promise<ClientOf> {
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  return ({ sid, token }, accountSid) =>
    twilio(sid, token, {
      httpClient: new OtherOrigin(origin),
      ...(accountSid === undefined ? {} : { accountSid }),
    });
}

/** The refusal of a request that must be refused, as the library tells it. */
export async function refusalOf(request: Promise<unknown>): Promise<twilio.RestException> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof twilio.RestException)) throw error;
    return error;
  }
  throw new Error('the request was not refused');
}
