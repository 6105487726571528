/**
 * A downstream system with switches, for tests and benches: things that are on or off, and a driver that tells them.
 *
 * A `PUT /things/<name>` sets a switch and is answered `changed` or `already`. Whatever changes a switch is an effect, and is
 * counted. What the HTTP server does wrong is set by the knobs of its simulator.
 */
import { randomUUID } from 'node:crypto';

import type { Json } from '#core/field.ts';
import { SystemFailure, callSystem, isObject, readJson } from '#systems/http-call.ts';
import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';
import type { Call, MakeDriver, Order, Outcome } from '#systems/system.ts';

export type Switch = 'on' | 'off';

/** What was done to one thing, and by which request. */
export interface Told {
  /** Milliseconds of the process that plays the system. */
  readonly at: number;
  readonly to: Switch;
  readonly result: 'changed' | 'already';
  readonly request: string;
  /** Whoever asked had given up before. */
  readonly isLate: boolean;
  /** Whoever asked knew that it was so, and had no doubt. */
  readonly isNeedless: boolean;
}

interface Request {
  readonly to: Switch;
  readonly request: string;
  readonly isDoubtful: boolean;
}

/** The switches of one system; each is on until it is told otherwise. */
export class Switchboard {
  readonly #things = new Map<string, Told[]>();
  readonly #givenUp = new Set<string>();

  /** Everything that a thing was told and that acted. */
  told(name: string): readonly Told[] {
    return this.#things.get(name) ?? [];
  }

  names(): string[] {
    return [...this.#things.keys()];
  }

  stateOf(name: string): Switch {
    return this.told(name).at(-1)?.to ?? 'on';
  }

  /** How often the switch was moved. */
  effectsOf(name: string): number {
    return this.told(name).filter(({ result }) => result === 'changed').length;
  }

  /** The caller does not wait any more; if the request acts from now on, it is late. */
  giveUp(request: string): void {
    this.#givenUp.add(request);
  }

  set(name: string, { to, request, isDoubtful }: Request, isCut: boolean): 'changed' | 'already' {
    const result = this.stateOf(name) === to ? 'already' : 'changed';
    const told: Told = {
      at: performance.now(),
      to,
      result,
      request,
      isLate: isCut || this.#givenUp.has(request),
      isNeedless: result === 'already' && !isDoubtful,
    };
    const log = this.#things.get(name);
    if (log === undefined) this.#things.set(name, [told]);
    else log.push(told);
    return result;
  }
}

export interface SwitchboardServer {
  readonly board: Switchboard;
  readonly simulator: Simulator;
  readonly knobs: Knobs;
  /** Refused requests are refused for good, with 422: a person has to look. */
  refusesForGood: boolean;
  stop(): Promise<void>;
}

/** Starts a system on a free port. */
export async function startSwitchboard(
  options: { readonly knobs?: Partial<Knobs>; readonly port?: number } = {},
): Promise<SwitchboardServer> {
  const board = new Switchboard();
  const simulator = await startSimulator((asked) => actOn(board, asked), {
    ...options,
    refusal: () => ({ status: server.refusesForGood ? 422 : 503 }),
  });
  let stopped: Promise<void> | null = null;
  const server: SwitchboardServer = {
    board,
    simulator,
    knobs: simulator.knobs,
    refusesForGood: false,
    stop: () => (stopped ??= simulator.stop()),
  };
  return server;
}

function actOn(board: Switchboard, { url, body, request }: Asked): Replied {
  const name = /^\/things\/(\w+)$/.exec(url.pathname)?.[1];
  const asked = JSON.parse(body) as Request; // The driver below wrote it.
  if (name === undefined) return { status: 404 };
  return { status: 200, body: { result: board.set(name, asked, request.socket.destroyed) } };
}

/** The switch that a desired state stands for. */
export function switchOf(desired: Json): Switch {
  if (!isObject(desired) || typeof desired['disabled'] !== 'boolean')
    throw new Error(`${JSON.stringify(desired)} says nothing of a switch`);
  return desired['disabled'] ? 'off' : 'on';
}

export interface DriverOptions {
  /** The system in the same process, which is to know who gave up; absent for one elsewhere. */
  readonly boardOf?: (origin: string) => Switchboard | undefined;
  /** Ends every request when the worker is no more. */
  readonly signal?: AbortSignal;
}

/** Makes drivers that tell switches, at the address in the settings of their system. */
export function makeSwitchboardDriver(options: DriverOptions = {}): MakeDriver {
  return ({ settings }) => ({
    converge: (order, call) => tell(String(settings['url']), order, call, options),
  });
}

async function tell(origin: string, order: Order, call: Call, options: DriverOptions): Promise<Outcome> {
  const { applied, mayHaveActed, isForced } = order;
  const url = new URL(`/things/${order.entityId}`, origin);
  const request = randomUUID();
  const isDoubtful = applied === null || mayHaveActed || isForced;
  const asked: Request = { to: switchOf(order.desired), request, isDoubtful };
  try {
    const answer = await callSystem(url, {
      method: 'PUT',
      body: JSON.stringify(asked),
      timeoutMs: call.timeoutMs,
      signal: options.signal === undefined ? call.signal : AbortSignal.any([call.signal, options.signal]),
    });
    if (answer.status === 200) {
      readJson(url, answer);
      return { type: 'done' };
    }
    const detail = `The switchboard answered ${answer.status}.`;
    return answer.status === 503
      ? { type: 'later', code: 'unavailable', detail }
      : { type: 'never', code: 'refused', detail };
  } catch (error) {
    options.boardOf?.(url.origin)?.giveUp(request);
    if (error instanceof SystemFailure && error.message.includes('ECONNREFUSED'))
      return { type: 'later', code: 'unreachable', detail: error.message };
    const detail = error instanceof SystemFailure ? error.message : 'The request was ended before an answer came.';
    return { type: 'unknown', code: 'no_reply', detail };
  }
}
