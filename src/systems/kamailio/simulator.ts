/** Plays a Kamailio as it is shipped: calls and registrations by the nodes that reach them, JSON-RPC, and its knobs. */
import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';

export interface KamailioSimulator extends Simulator {
  /** The nodes of each call that goes on. */
  readonly calls: readonly (readonly number[])[];
  /** Registered addresses of record. */
  readonly registered: readonly string[];
  /** What the parties of ended calls were told, in turn. */
  readonly reasons: readonly string[];
  /** Hash tables that were read again, in turn. */
  readonly reloads: readonly string[];
  /** Hash tables that cannot be read. */
  readonly missing: Set<string>;
  /** The nodes whose registrations were to be removed, in turn. */
  readonly unregistered: readonly number[];
  /** Begins a call; one that `endsItself` is over as soon as it was listed. */
  call(nodes: readonly number[], endsItself?: 'endsItself'): void;
  register(aor: string, nodes: readonly number[]): void;
}

export async function startKamailioSimulator(knobs: Partial<Knobs> = {}): Promise<KamailioSimulator> {
  const calls = new Map<number, readonly number[]>();
  const registrations = new Map<string, readonly number[]>();
  const [reasons, reloads]: [string[], string[]] = [[], []];
  const unregistered: number[] = [];
  const fleeting = new Set<number>();
  const missing = new Set<string>();
  let last = 0;
  const rpc = (method: string, params: readonly (string | number)[]): Replied => {
    if (method === 'dlg.profile_list') {
      const found = [...calls].filter(([, nodes]) => nodes.includes(Number(params[1])));
      const dialogs = found.map(([id]) => ({ h_entry: 1, h_id: id, state: 4 }));
      for (const [id] of found) if (fleeting.has(id)) calls.delete(id);
      // One is an object, several are a list, none is an empty object: so it speaks.
      return succeeded(dialogs.length > 1 ? dialogs : (dialogs[0] ?? {}));
    }
    if (method === 'dlg.end_dlg') {
      if (!calls.delete(Number(params[1]))) return failed(404, 'Dialog not found');
      reasons.push(String(params[2]));
      return succeeded({});
    }
    if (method !== 'htable.reload') return failed(500, 'Method Not Found');
    if (missing.has(String(params[0]))) return failed(500, 'No such htable');
    reloads.push(String(params[0]));
    return succeeded({});
  };
  const act = ({ url, body, headers }: Asked): Replied => {
    // Whoever browses the web on its host must not command it.
    if (headers.origin !== undefined || headers.referer !== undefined)
      return { status: 403, body: 'not from a browser' };
    const node = /^\/unregister\/(\d+)$/.exec(url.pathname)?.[1];
    if (node === undefined) {
      const { method, params } = JSON.parse(body) as { method: string; params: (string | number)[] }; // Only we ask it.
      return rpc(method, params);
    }
    unregistered.push(Number(node));
    const removed = [...registrations].filter(([, nodes]) => nodes.includes(Number(node)));
    for (const [aor] of removed) registrations.delete(aor);
    return { status: 200, body: { removed: removed.length } };
  };
  const simulator = await startSimulator(act, { knobs });
  return {
    origin: simulator.origin,
    knobs: simulator.knobs,
    get count() {
      return simulator.count;
    },
    stop: () => simulator.stop(),
    get calls() {
      return [...calls.values()];
    },
    get registered() {
      return [...registrations.keys()];
    },
    reasons,
    reloads,
    missing,
    unregistered,
    call: (nodes, endsItself) => {
      calls.set((last += 1), nodes);
      if (endsItself !== undefined) fleeting.add(last);
    },
    register: (aor, nodes) => void registrations.set(aor, nodes),
  };
}

function succeeded(result: unknown): Replied {
  return { status: 200, body: { jsonrpc: '2.0', result, id: 1 } };
}

/** A refusal has the status of its code. */
function failed(code: number, message: string): Replied {
  return { status: code, body: { jsonrpc: '2.0', error: { code, message }, id: 1 } };
}
