/** Plays doveadm over HTTP: who is connected, who was kicked, and its knobs. */
import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';

interface LiveSession {
  readonly username: string;
  readonly service: string;
}

export interface DovecotSimulator extends Simulator {
  /** Each session that goes on. */
  readonly live: readonly LiveSession[];
  /** Users whose sessions were ended, in turn. */
  readonly kicked: readonly string[];
  connect(username: string, service: string): void;
}

/** EX_NOHOST: there is no such session. */
const NOT_FOUND = 68;

export async function startDovecotSimulator(key: string, knobs: Partial<Knobs> = {}): Promise<DovecotSimulator> {
  let live: LiveSession[] = [];
  const kicked: string[] = [];
  const run = (command: string, mask: string | undefined): [kind: string, ...values: unknown[]] => {
    // Dovecot 2.3 puts the first line into a list, and the others beside it.
    if (command === 'who') return ['doveadmResponse', live.slice(0, 1), ...live.slice(1)];
    if (command === 'authCacheFlush') return ['doveadmResponse', [{ entries: '0' }]];
    const left = live.filter(({ username }) => username !== mask);
    if (mask === undefined || left.length === live.length) return ['error', { type: 'exitCode', exitCode: NOT_FOUND }];
    live = left;
    kicked.push(mask);
    return ['doveadmResponse', [{ result: mask }]];
  };
  const act = ({ headers, body }: Asked): Replied => {
    const given = Buffer.from(String(headers.authorization).replace('X-Dovecot-API ', ''), 'base64').toString();
    if (given !== key) return { status: 401, body: '' };
    const commands = JSON.parse(body) as [string, { mask?: string[] }, string][]; // Only we ask it.
    return { status: 200, body: commands.map(([command, { mask }, tag]) => [...run(command, mask?.[0]), tag]) };
  };
  const simulator = await startSimulator(act, { knobs });
  return {
    origin: simulator.origin,
    knobs: simulator.knobs,
    get count() {
      return simulator.count;
    },
    stop: () => simulator.stop(),
    get live() {
      return live;
    },
    kicked,
    connect: (username, service) => void live.push({ username, service }),
  };
}
