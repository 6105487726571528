/**
 * JSON-RPC as Kamailio speaks it (modules jsonrpcs and xhttp): one call a request, for it answers a batch with an empty
 * success and does nothing of it.
 */
import {
  type CallOptions,
  SystemFailure,
  callSystem,
  isObject,
  placeOf,
  readJson,
  unexpected,
} from '#systems/http-call.ts';

/** It understood and failed, such as at a database that is away; below that it did not understand. */
const SERVER_ERROR = 500;

/** Kamailio refused a call: with its own code, such as 404 for a dialog that is gone. */
export class RpcRefusal extends SystemFailure {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message, code >= SERVER_ERROR ? 'later' : 'never');
    this.code = code;
  }
}

export async function callKamailio(
  url: URL,
  method: string,
  params: readonly (string | number)[],
  options: Pick<CallOptions, 'timeoutMs' | 'signal'>,
): Promise<unknown> {
  const answer = await callSystem(url, {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 }),
  });
  // A refusal comes with the HTTP status of its code, and with a body that says the same.
  const body = answer.text === '' ? null : readJson(url, answer);
  if (isObject(body) && isObject(body['error'])) {
    const { code, message } = body['error'];
    throw new RpcRefusal(`${placeOf(url)} refused ${method}: ${String(message)}`, Number(code));
  }
  if (answer.status !== 200 || !isObject(body) || !('result' in body)) throw unexpected(url, answer);
  return body['result'];
}
