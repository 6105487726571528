/**
 * A call platform that takes calls and messages once each, and ends calls when it is told to.
 *
 * For tests and benches; nothing of the program imports it.
 */
import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';

export const PLATFORM_TOKEN = 'the token of the platform';

export type Taken = Readonly<Record<string, unknown>>;

export interface PlatformSimulator extends Simulator {
  /** What it took, by id. */
  readonly calls: Map<string, Taken>;
  readonly messages: Map<string, Taken>;
  /** What it was told to change, in order. */
  readonly changes: { readonly id: string; readonly change: Taken }[];
  /** Calls that are over. */
  readonly ended: Set<string>;
  /** Numbers and addresses that it does not call. */
  readonly unreachable: Set<string>;
}

export async function startPlatform(knobs: Partial<Knobs> = {}): Promise<PlatformSimulator> {
  const calls = new Map<string, Taken>();
  const messages = new Map<string, Taken>();
  const changes: { id: string; change: Taken }[] = [];
  const ended = new Set<string>();
  const unreachable = new Set<string>();
  const refuse = (status: number, message: string): Replied => ({ status, body: { error: { message } } });
  const simulator = await startSimulator(
    ({ method, url, headers, body }: Asked): Replied => {
      if (headers.authorization !== `Bearer ${PLATFORM_TOKEN}`) return refuse(401, 'no such token');
      if (method !== 'POST') return refuse(405, 'only POST');
      const given = JSON.parse(body) as Taken; // Ours, as JSON.
      const [, kind = '', id] = /\/(calls|messages)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
      if (id !== undefined) {
        if (!calls.has(id) || ended.has(id)) return refuse(404, 'the call is over');
        changes.push({ id, change: given });
        if (given['status'] === null) return { status: 200, body: { status: 'in-progress' } };
        ended.add(id);
        return { status: 200, body: { status: given['status'] } };
      }
      const taken = kind === 'calls' ? calls : messages;
      if (kind === '') return refuse(404, 'no such path');
      if (headers['idempotency-key'] !== given['id']) return refuse(400, 'the key is not the id');
      if (unreachable.has(String(given['to']))) return refuse(422, `${String(given['to'])} cannot be reached`);
      taken.set(String(given['id']), given);
      return { status: 201, body: { status: kind === 'calls' ? 'ringing' : 'sending' } };
    },
    { knobs },
  );
  return Object.assign(simulator, { calls, messages, changes, ended, unreachable });
}
