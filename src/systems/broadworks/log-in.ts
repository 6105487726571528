/**
 * How we log in: in two steps by a signed password, or in one step over an encrypted connection.
 *
 * One at a time for a whole system, and a refusal is remembered for some minutes: an account that is locked by our own haste
 * helps nobody.
 */
import { createHash } from 'node:crypto';

import { type Answer, type Command, errorOf, textOf } from './document.ts';
import {
  BroadworksFailure,
  LOGIN_CODES,
  LoggedOut,
  LostAnswer,
  SLOW_RETRY_MS,
  VALIDATION_CODE,
  failureOf,
} from './failure.ts';

export interface Credentials {
  readonly userId: string;
  /** Null where our address alone lets us in. */
  readonly password: string | null;
}

export type LogInForm = 'one-step' | 'two-step';

/** Sends one command on a connection that is ours alone, and gives the answer to it. */
export type Ask = (command: Command) => Promise<Answer>;

/** Who we have to be to set intercept of others. */
const RIGHTFUL = ['System', 'Provisioning', 'Service Provider'];

/** How long the log-in rests after a refusal. */
export const REFUSED_REST_MS = SLOW_RETRY_MS;
/** And after one without a number, which an overtaxed server gives. */
const OVERTAXED_REST_MS = 60_000;

/** The password as it is sent in two steps: md5 of the nonce and the SHA-1 of the password, in small hexadecimal digits. */
export function signPassword(nonce: string, password: string): string {
  const digest = createHash('sha1').update(password, 'utf8').digest('hex');
  return createHash('md5').update(`${nonce}:${digest}`, 'utf8').digest('hex');
}

/** One for each system in this process. */
export class LogIn {
  readonly #credentials: Credentials;
  readonly #redact: (text: string) => string;
  #forms: readonly LogInForm[];
  #refusal: { readonly failure: BroadworksFailure; readonly untilMs: number } | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(credentials: Credentials, forms: readonly LogInForm[], redact: (text: string) => string) {
    this.#credentials = credentials;
    this.#forms = forms;
    this.#redact = redact;
  }

  /** Throws what was refused before, while it is remembered. */
  judge(): void {
    const refusal = this.#refusal;
    if (refusal === null) return;
    const leftMs = refusal.untilMs - Date.now();
    const { code, message, again } = refusal.failure;
    if (leftMs > 0) throw new BroadworksFailure(code, message, again, leftMs);
    this.#refusal = null;
  }

  /** Takes note that an account or password is refused. */
  refuse(failure: BroadworksFailure): void {
    this.#refusal = { failure, untilMs: Date.now() + (failure.afterMs ?? REFUSED_REST_MS) };
  }

  /** Logs in, after whoever is at it already. Throws `BroadworksFailure`. */
  perform(ask: Ask): Promise<void> {
    const mine = this.#queue.then(async () => {
      this.judge();
      await this.#attempt(ask);
    });
    this.#queue = mine.catch(() => {}); // Its caller has the failure.
    return mine;
  }

  async #attempt(ask: Ask): Promise<void> {
    for (const [index, form] of this.#forms.entries()) {
      const answer = await lossless(form, () => (form === 'one-step' ? this.#oneStep(ask) : this.#twoSteps(ask)));
      const error = errorOf(answer);
      // An older release does not know the command; the other form is worth a try.
      if (error?.number === VALIDATION_CODE && index < this.#forms.length - 1) continue;
      if (error !== null) throw this.#refused(failureOf(error, this.#redact));
      const type = textOf(answer, 'loginType') ?? '';
      if (!RIGHTFUL.includes(type))
        throw this.#refused(
          new BroadworksFailure(
            'credentials',
            `the log-in is one of "${type}", and has to be one of ${RIGHTFUL.join(', ')}`,
            'never',
          ),
        );
      this.#forms = [form];
      return;
    }
  }

  /** A refusal that the next one does not provoke again. */
  #refused({ message, again }: BroadworksFailure): BroadworksFailure {
    const restMs = again === 'later' ? OVERTAXED_REST_MS : REFUSED_REST_MS;
    const code = again === 'later' ? 'overloaded' : 'credentials';
    const refused = new BroadworksFailure(code, `the log-in is refused: ${message}`, again, restMs);
    this.refuse(refused);
    return refused;
  }

  #oneStep(ask: Ask): Promise<Answer> {
    const { userId, password } = this.#credentials;
    return ask({
      type: 'LoginRequest22V5',
      parts: [
        ['userId', userId],
        ['password', password ?? ''],
      ],
    });
  }

  async #twoSteps(ask: Ask): Promise<Answer> {
    const { userId, password } = this.#credentials;
    if (password === null) return ask({ type: 'LoginRequest14sp4', parts: [['userId', userId]] });
    const begun = await ask({ type: 'AuthenticationRequest', parts: [['userId', userId]] });
    const nonce = textOf(begun, 'nonce');
    if (nonce === null) return begun;
    const signed = signPassword(nonce, password);
    return ask({
      type: 'LoginRequest14sp4',
      parts: [
        ['userId', userId],
        ['signedPassword', signed],
      ],
    });
  }
}

/** A log-in without an answer has done no harm: it is tried again on another connection. */
async function lossless(form: LogInForm, attempt: () => Promise<Answer>): Promise<Answer> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof LostAnswer || error instanceof LoggedOut)) throw error;
    const hint =
      error instanceof LostAnswer && error.code === 'unreachable' ? '; is this host on its access list?' : '';
    throw new BroadworksFailure('session', `no log-in (${form}): ${error.message}${hint}`, 'later');
  }
}

/** Whether an error says that our account is not welcome any more. */
export function isAboutAccount(number: number | null): boolean {
  // Missing rights (5404) may be about one target alone.
  return number !== null && LOGIN_CODES.has(number) && number !== 5404;
}
