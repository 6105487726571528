/**
 * Ends live sessions of a Dovecot by doveadm over HTTP. Only users who are connected are ever named: a mailbox without a
 * session costs nothing.
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

export interface DovecotOptions extends Pick<CallOptions, 'timeoutMs' | 'signal'> {
  /** Where doveadm's HTTP interface is, such as http://127.0.0.1:8991. */
  readonly url: URL;
  readonly key: string;
  /** When it says so, no other users are kicked. */
  readonly isOver?: () => boolean;
}

export interface Kicked {
  readonly users: number;
  /** Left by themselves in between. */
  readonly gone: number;
  readonly problems: readonly string[];
  /** There was no time for all. */
  readonly isCut: boolean;
}

type Command = readonly [name: string, parameters: Readonly<Record<string, unknown>>, tag: string];

/** EX_NOHOST, by which doveadm says that there is no such session. */
const NOT_FOUND = 68;
/** Commands in one request. */
const BATCH = 100;

export interface LiveUser {
  readonly name: string;
  /** What the session is of, such as `imap` or `pop3`. */
  readonly service: string;
}

/** Who has a session now, once for each service. */
export async function listLiveUsers(options: DovecotOptions): Promise<LiveUser[]> {
  const [answer] = await callDoveadm(options, [['who', {}, 'who']]);
  if (answer?.kind !== 'doveadmResponse')
    throw new SystemFailure(`${placeOf(options.url)} does not tell who is connected`, 'never');
  const live = new Map<string, LiveUser>();
  for (const line of answer.values) {
    if (!isObject(line) || typeof line['username'] !== 'string') continue;
    const [name, service] = [line['username'], String(line['service'] ?? '')];
    live.set(`${service} ${name}`, { name, service });
  }
  return [...live.values()];
}

/** Ends the sessions of the users, and forgets what was answered for them. */
export async function kickUsers(options: DovecotOptions, users: readonly string[]): Promise<Kicked> {
  // A mask with these would end the sessions of others, too.
  const literal = users.filter((user) => !/[*?]/.test(user));
  const problems = users.filter((user) => !literal.includes(user)).map((user) => `${user} has a wildcard in its name`);
  let [kicked, gone] = [0, 0];
  let at = 0;
  for (; at < literal.length && options.isOver?.() !== true; at += BATCH) {
    const batch = literal.slice(at, at + BATCH);
    // First the cache, so that nobody whose session has ended signs in again by what it says.
    await callDoveadm(options, [['authCacheFlush', { user: batch }, 'flush']]);
    const answers = await callDoveadm(
      options,
      batch.map((user, index): Command => ['kick', { mask: [user] }, `kick${index}`]),
    );
    for (const [index, user] of batch.entries()) {
      const answer = answers.find(({ tag }) => tag === `kick${index}`);
      if (answer?.kind === 'doveadmResponse') kicked += 1;
      else if (answer?.values.some((value) => isObject(value) && value['exitCode'] === NOT_FOUND)) gone += 1;
      else problems.push(`${user} could not be kicked`);
    }
  }
  return { users: kicked, gone, problems, isCut: at < literal.length };
}

interface DoveadmAnswer {
  readonly kind: string;
  readonly values: readonly unknown[];
  readonly tag: string;
}

async function callDoveadm(options: DovecotOptions, commands: readonly Command[]): Promise<DoveadmAnswer[]> {
  const url = new URL('/doveadm/v1', options.url);
  const { key, timeoutMs, signal } = options;
  const answer = await callSystem(url, {
    method: 'POST',
    headers: {
      authorization: `X-Dovecot-API ${Buffer.from(key).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(commands),
    timeoutMs,
    signal,
  });
  if (answer.status !== 200) throw unexpected(url, answer);
  const body = readJson(url, answer);
  if (!Array.isArray(body)) throw new SystemFailure(`${placeOf(url)} answered what no doveadm answers`, 'never');
  return body.flatMap((one: unknown): DoveadmAnswer[] =>
    // Of several lines Dovecot 2.3 puts only the first into a list, and the others beside it: the tag is the last member.
    Array.isArray(one) && typeof one[0] === 'string'
      ? [{ kind: one[0], values: one.slice(1, -1).flat(), tag: String(one.at(-1)) }]
      : [],
  );
}
