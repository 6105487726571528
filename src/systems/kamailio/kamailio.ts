/**
 * Ends what a hold leaves running in a Kamailio: calls and registrations beneath a node, by the node's number alone.
 *
 * Each call carries the numbers of all nodes that reach its parties in the dialog profile `entity`, so that no list of
 * addresses of record is ever needed. Calls to emergency services carry none and are never ended here.
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

import { RpcRefusal, callKamailio } from './json-rpc.ts';

export interface KamailioOptions extends Pick<CallOptions, 'timeoutMs' | 'signal'> {
  /** Where its JSON-RPC is, such as http://127.0.0.1:5065/RPC. */
  readonly url: URL;
  /** When it says so, no other call is ended. */
  readonly isOver?: () => boolean;
}

export interface EndedCalls {
  readonly ended: number;
  /** Ended by somebody else in between. */
  readonly gone: number;
  /** Those that could not be ended, by the words of the failure. */
  readonly problems: readonly string[];
  /** There was no time to end all. */
  readonly isCut: boolean;
}

interface Dialog {
  readonly entry: number;
  readonly id: number;
}

const NOT_FOUND = 404;
/** A call that was being set up appears in a later look; after these many looks new ones are refused at their INVITE. */
const LOOKS_MAX = 3;
/** More than a few failures of one kind say nothing new. */
const PROBLEMS_MAX = 10;

/** Ends every call that the node reaches. Throws `SystemFailure` when not even the list can be had. */
export async function endCalls(options: KamailioOptions, node: number, reason: string): Promise<EndedCalls> {
  const seen = new Set<string>();
  const problems = new Set<string>();
  let [ended, gone] = [0, 0];
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const found = await listDialogs(options, node);
    const fresh = found.filter(({ entry, id }) => !seen.has(`${entry}:${id}`));
    if (fresh.length === 0) break;
    for (const { entry, id } of fresh) {
      if (options.isOver?.() === true) return { ended, gone, problems: [...problems], isCut: true };
      seen.add(`${entry}:${id}`);
      try {
        await callKamailio(options.url, 'dlg.end_dlg', [entry, id, reasonHeader(reason)], options);
        ended += 1;
      } catch (error) {
        if (!(error instanceof SystemFailure)) throw error;
        if (error instanceof RpcRefusal && error.code === NOT_FOUND) gone += 1;
        else if (!(error instanceof RpcRefusal) && error.again === 'later')
          return { ended, gone, problems: [...problems, error.message], isCut: false };
        else if (problems.size < PROBLEMS_MAX) problems.add(error.message);
      }
    }
  }
  return { ended, gone, problems: [...problems], isCut: false };
}

/** One call is an object, several are a list, none is an empty object. */
async function listDialogs(options: KamailioOptions, node: number): Promise<Dialog[]> {
  const result = await callKamailio(options.url, 'dlg.profile_list', ['entity', String(node)], options);
  const items = Array.isArray(result) ? result : [result];
  return items.flatMap((item: unknown): Dialog[] => {
    if (!isObject(item)) return [];
    const [entry, id] = [item['h_entry'], item['h_id']];
    return typeof entry === 'number' && typeof id === 'number' ? [{ entry, id }] : [];
  });
}

/** Removes every registration that the node reaches, and answers how many there were. */
export async function removeRegistrations(options: KamailioOptions, node: number): Promise<number> {
  const url = new URL(`unregister/${node}`, options.url);
  const answer = await callSystem(url, options);
  if (answer.status !== 200) throw unexpected(url, answer);
  const body = readJson(url, answer);
  if (isObject(body) && typeof body['removed'] === 'number') return body['removed'];
  throw new SystemFailure(`${placeOf(url)} does not say how many registrations were removed`, 'never');
}

/** What the parties of an ended call are told (RFC 3326); nothing of it can begin another header. */
export function reasonHeader(text: string): string {
  const quoted = text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, "'");
  return `Reason: SIP;cause=403;text="${quoted}"\r\n`;
}
