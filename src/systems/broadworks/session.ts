/**
 * One log-in on one connection, with one document on its way at a time.
 *
 * It comes about with the first question, stays up by a sign of life each minute, and is made anew when it is gone: reads are
 * repeated then, writes are not.
 */
import { randomUUID } from 'node:crypto';

import { type Answer, COMMANDS_MAX, type Command, errorOf, textOf, writeDocument } from './document.ts';
import { BroadworksFailure, LoggedOut, LostAnswer } from './failure.ts';
import { type Family, familyOf } from './intercept-elements.ts';
import { type LogIn, isAboutAccount } from './log-in.ts';
import { openSoap } from './soap-transport.ts';
import { connectStream } from './stream-transport.ts';
import type { ExchangeOptions, Place, Transport } from './transport.ts';

/** The server ends log-ins that are silent for long. */
const KEEP_ALIVE_MS = 60_000;
/** Leaving is a courtesy, and waits for nobody. */
const LOGOUT_MS = 1_000;
const KNOWN_ERRORS: ReadonlySet<number> = new Set([4008, 4400, 4410, 5404, 6004]);

export interface SessionOptions {
  readonly place: Place;
  readonly userId: string;
  readonly logIn: LogIn;
  /** `16`, `21sp1`, or anything else to find out. */
  readonly family: string;
}

export class Session {
  readonly #options: SessionOptions;
  #transport: Transport | null = null;
  #id = '';
  #family: Family = '21sp1';
  #queue: Promise<unknown> = Promise.resolve();
  #alive: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The requests that the server knows; only after a first question. */
  get family(): Family {
    return this.#family;
  }

  /** Asks any number of questions, in as few documents as may be. A lost answer is asked for once more. */
  async read(commands: readonly Command[], options: ExchangeOptions): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let first = 0; first < commands.length; first += COMMANDS_MAX) {
      const batch = commands.slice(first, first + COMMANDS_MAX);
      answers.push(...(await this.#alone(() => this.#readOnce(batch, options))));
    }
    return answers;
  }

  /** Has one thing changed. Throws `LostAnswer` when it is not known whether it was. */
  write(command: Command, options: ExchangeOptions): Promise<Answer> {
    return this.#alone(async () => {
      try {
        return await this.#exchangeOne(command, options);
      } catch (error) {
        if (!(error instanceof LoggedOut)) throw error;
        return this.#exchangeOne(command, options); // Nothing was done, and the log-in is another one now.
      }
    });
  }

  /** Gets a log-in if there is none. */
  open(options: ExchangeOptions): Promise<void> {
    return this.#alone(async () => void (await this.#ensure(options)));
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      clearTimeout(this.#alive);
      const transport = this.#transport;
      this.#transport = null;
      if (transport?.isAlive === true) {
        const leave: Command = {
          type: 'LogoutRequest',
          parts: [
            ['userId', this.#options.userId],
            ['reason', 'Client Logout'],
          ],
        };
        await transport.exchange(writeDocument(this.#id, [leave]), { timeoutMs: LOGOUT_MS }).catch(() => {}); // A courtesy.
      }
      transport?.close();
    });
  }

  async #readOnce(batch: readonly Command[], options: ExchangeOptions): Promise<readonly Answer[]> {
    try {
      return await this.#exchange(batch, options);
    } catch (error) {
      const isLost = error instanceof LostAnswer || error instanceof LoggedOut;
      if (!isLost || isTooSlow(error) || options.signal?.aborted === true) throw asFailure(error);
    }
    try {
      return await this.#exchange(batch, options);
    } catch (error) {
      throw asFailure(error);
    }
  }

  async #exchangeOne(command: Command, options: ExchangeOptions): Promise<Answer> {
    const [answer] = await this.#exchange([command], options);
    if (answer === undefined) throw new LostAnswer('timeout', 'the server left the command without an answer');
    return answer;
  }

  /** As many answers as commands, by their places; fewer are as good as none. */
  async #exchange(batch: readonly Command[], options: ExchangeOptions): Promise<readonly Answer[]> {
    const transport = await this.#ensure(options);
    clearTimeout(this.#alive);
    const { answers } = await transport.exchange(writeDocument(this.#id, batch), options);
    if (answers.length !== batch.length) {
      transport.close();
      throw new LostAnswer('session', `the server gave ${answers.length} answers to ${batch.length} commands`);
    }
    for (const answer of answers) this.#judge(answer);
    if (transport.isAlive) this.#stayAlive();
    return answers;
  }

  /** An error that we do not know may be about the log-in: the next question gets another one. */
  #judge(answer: Answer): void {
    const error = errorOf(answer);
    if (error === null || (error.number !== null && KNOWN_ERRORS.has(error.number))) return;
    this.#transport?.close();
    if (isAboutAccount(error.number))
      this.#options.logIn.refuse(
        new BroadworksFailure('credentials', `the server refuses our account (${error.number})`, 'never'),
      );
  }

  async #ensure(options: ExchangeOptions): Promise<Transport> {
    if (this.#transport?.isAlive === true) return this.#transport;
    const { logIn, place } = this.#options;
    logIn.judge();
    this.#id = `abeyance-${randomUUID()}`;
    const transport = place.transport === 'soap' ? openSoap(place) : await connectStream(place, options.signal);
    const ask = async (command: Command): Promise<Answer> => {
      const { answers } = await transport.exchange(writeDocument(this.#id, [command]), options);
      const [answer] = answers;
      if (answer === undefined) throw new LostAnswer('timeout', 'the server left the command without an answer');
      return answer;
    };
    try {
      await logIn.perform(ask);
      this.#family = await this.#findFamily(ask);
    } catch (error) {
      transport.close();
      throw asFailure(error);
    }
    this.#transport = transport;
    return transport;
  }

  async #findFamily(ask: (command: Command) => Promise<Answer>): Promise<Family> {
    const { family } = this.#options;
    if (family === '16' || family === '21sp1') return family;
    const answer = await ask({ type: 'SystemSoftwareVersionGetRequest', parts: [] });
    return familyOf(textOf(answer, 'version') ?? '');
  }

  #stayAlive(): void {
    this.#alive = setTimeout(() => {
      const command = { type: 'AvailabilityTestRequest', parts: [] };
      // Whoever asks next finds out that it is gone.
      this.#alone(() => this.#exchange([command], { timeoutMs: KEEP_ALIVE_MS })).catch(() => {});
    }, KEEP_ALIVE_MS);
    this.#alive.unref();
  }

  /** One after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {}); // Its caller has the failure.
    return mine;
  }
}

/** A server that took all its time once is not asked again at once. */
function isTooSlow(error: Error): boolean {
  return error instanceof LostAnswer && error.code === 'timeout';
}

/** Before anything was written, a lost answer is only a reason to try again. */
function asFailure(error: unknown): unknown {
  if (error instanceof LostAnswer) return new BroadworksFailure(error.code, error.message, 'later');
  if (error instanceof LoggedOut) return new BroadworksFailure('session', error.message, 'later');
  return error;
}
