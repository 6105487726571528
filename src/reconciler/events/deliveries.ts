/**
 * Brings events to webhooks: makes deliveries of events, sends what is due, and notes what became of it.
 *
 * Promise: each event is sent to each webhook that it concerns until the webhook confirmed it, or for three days; at least
 * once, in any number of processes. First attempts begin in the order of events; what failed is sent again later and holds
 * nothing else up.
 */
import { eventNews } from '#core/event.ts';
import type { Values } from '#core/field.ts';
import { type SendWebhook, type WebhookAnswer, retryDelayMs } from '#core/systems/webhook.ts';
import { systemAuthor } from '#store/change.ts';
import { Session } from '#store/database.ts';
import {
  type AttemptOutcome,
  type Claim,
  type ClaimedDelivery,
  type EndedAttempt,
  claimDeliveries,
  listDueWebhooks,
  registerWebhooks,
  settleAttempts,
  spreadEvents,
} from '#store/delivery.ts';
import type { SealingKey } from '#store/sealing.ts';
import { type SystemRow, openSecrets, pauseSystem } from '#store/system.ts';
import { type Transaction, transact } from '#store/transaction.ts';

import type { EventContext } from './event-pipeline.ts';
import { Rounds } from './rounds.ts';

export interface DeliveriesOptions {
  readonly context: EventContext & { readonly sealingKey: SealingKey };
  readonly send: SendWebhook;
  readonly onTrouble: (error: unknown) => void;
  /** How long it rests when nothing pokes it, in milliseconds. */
  readonly pollMs?: number;
  /** Requests under way at once, about. */
  readonly sendingMax?: number;
}

const POLL_MS = 1_000;
const AUTHOR = 'system:deliveries';
/** How much of an answer is kept, in characters. */
const RESPONSE_MAX = 500;
/** The answer by which a receiver says that it wants nothing more, ever. */
const GONE = 410;
/** Requests that one process has under way at once, to all webhooks together: each is a connection. */
const SENDING_MAX = 2_000;

/** As many outcomes as one transaction notes. */
const NOTED_MAX = 500;
/** For as many webhooks the same transaction claims what comes next: more would make its outcomes wait. */
const CHAINED_MAX = 4;

interface Ended extends EndedAttempt {
  readonly system: SystemRow;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #rounds: Rounds;
  readonly #sending = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  /** Attempts that ended and are to be noted, and whether somebody notes some already. */
  #ended: Ended[] = [];
  #isNoting = false;
  #isNews = false;
  #spreadAt = 0;
  #servedId = 0;
  sent = 0;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    const { onTrouble, pollMs = POLL_MS } = options;
    this.#rounds = new Rounds({ work: () => this.#work(pollMs), intervalMs: pollMs, onTrouble });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Gives up what is being sent; it is sent again by the next who claims it. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    this.#abort.abort();
    await this.settled();
  }

  /** There are new events. */
  poke(): void {
    this.#isNews = true;
    this.#rounds.poke();
  }

  get failures(): number {
    return this.#rounds.failures;
  }

  /** Resolves when nothing is being sent. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  /** Makes deliveries and begins to send what is due; answers whether there is more to do right away. */
  async round(): Promise<boolean> {
    const isMore = await this.#spread();
    await this.#sendDue();
    return isMore;
  }

  /** After an answer only what is due is looked at: events are new when somebody says so, or after a while. */
  async #work(pollMs: number): Promise<boolean> {
    if (!this.#isNews && performance.now() < this.#spreadAt + pollMs) {
      await this.#sendDue();
      return false;
    }
    this.#isNews = false;
    const isMore = await this.round();
    if (isMore) this.#isNews = true;
    return isMore;
  }

  async #spread(): Promise<boolean> {
    await registerWebhooks(new Session(this.#options.context.pool));
    this.#spreadAt = performance.now();
    return this.#transact((transaction) => spreadEvents(transaction));
  }

  async #sendDue(): Promise<void> {
    const session = new Session(this.#options.context.pool);
    const due = await listDueWebhooks(session);
    // Those for whom there was no room are the first now.
    const first = due.findIndex(({ id }) => id > this.#servedId);
    for (const { id } of [...due.slice(Math.max(0, first)), ...due.slice(0, Math.max(0, first))]) {
      if (this.#abort.signal.aborted || this.#sending.size >= (this.#options.sendingMax ?? SENDING_MAX)) return;
      this.#servedId = id;
      const claim = await this.#transact((transaction) => claimDeliveries(transaction, id));
      if (claim !== null) this.#begin(claim);
    }
  }

  #begin({ system, deliveries }: Claim): void {
    let secrets: Values | null = null;
    const open = () => (secrets ??= openSecrets(this.#options.context.sealingKey, system));
    for (const claimed of deliveries) {
      const sending: Promise<void> = this.#deliver(system, claimed, open)
        .catch((error: unknown) => this.#options.onTrouble(error))
        .finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  async #deliver(system: SystemRow, claimed: ClaimedDelivery, open: () => Values): Promise<void> {
    const { signal } = this.#abort;
    let answer: WebhookAnswer | null;
    try {
      answer = await this.#send(system, claimed, open());
      this.sent++;
    } catch (error) {
      // Credentials that cannot be opened, or a bug: told to whoever runs this, and counted like any failure.
      if (!signal.aborted) this.#options.onTrouble(error);
      answer = signal.aborted
        ? null
        : { type: 'failed', problem: 'it could not be sent; the log of the server says why' };
    }
    const outcome =
      answer === null
        ? again('the process ended before the answer came', 0, null)
        : outcomeOf(answer, system, claimed.attempts);
    await this.#note({ system, systemId: system.id, claimed, outcome });
  }

  /** Notes what became of an attempt, together with all that end while others are noted. */
  #note(attempt: Omit<Ended, 'resolve' | 'reject'>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ended.push({ ...attempt, resolve, reject });
    if (!this.#isNoting) void this.#noteAll();
    return promise;
  }

  async #noteAll(): Promise<void> {
    this.#isNoting = true;
    while (this.#ended.length > 0) {
      const ended = this.#ended.splice(0, NOTED_MAX);
      try {
        const claims = await this.#transact((transaction) => this.#settle(transaction, ended));
        for (const claim of claims) this.#begin(claim);
        // Where something was claimed in place of what ended, nobody else need look.
        if (claims.length < new Set(ended.map((one) => one.systemId)).size) this.#rounds.poke();
        for (const { resolve } of ended) resolve();
      } catch (error) {
        for (const { reject } of ended) reject(error);
        this.#rounds.poke();
      }
    }
    this.#isNoting = false;
  }

  /** Notes outcomes, and claims for their webhooks what is sent in place of what ended. */
  async #settle(transaction: Transaction, ended: readonly Ended[]): Promise<Claim[]> {
    await settle(transaction, ended);
    const webhooks = new Set(ended.map((one) => one.systemId));
    const claims: Claim[] = [];
    if (webhooks.size > CHAINED_MAX) return claims;
    for (const id of webhooks) {
      const claim = this.#abort.signal.aborted ? null : await claimDeliveries(transaction, id);
      if (claim !== null) claims.push(claim);
    }
    return claims;
  }

  #send(system: SystemRow, { uuid, event }: ClaimedDelivery, secrets: Values): Promise<WebhookAnswer> {
    return this.#options.send({
      settings: system.settings,
      secrets,
      isPlatform: system.account_id === 0,
      messageId: event?.uuid ?? uuid,
      event: event === null ? null : eventNews(event),
      name: system.name,
      timeoutMs: system.timeout_ms,
      signal: this.#abort.signal,
    });
  }

  async #transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { pool, chainKey } = this.#options.context;
    return (await transact(pool, chainKey, 'none', systemAuthor(AUTHOR), work)).value;
  }
}

async function settle(transaction: Transaction, ended: readonly Ended[]): Promise<void> {
  const ours = await settleAttempts(transaction, ended);
  const gone = ended.filter(({ claimed, outcome }) => outcome.responseCode === GONE && ours.has(claimed.id));
  for (const { system } of new Map(gone.map((one) => [one.systemId, one])).values()) await disable(transaction, system);
}

/** A webhook that wants nothing more is paused: what is due stays, for who resumes it. */
async function disable(transaction: Transaction, system: SystemRow): Promise<void> {
  const paused = await pauseSystem(transaction, system.id, { by: AUTHOR, note: 'The receiver answered 410 Gone.' });
  if (paused === null) return;
  transaction.record({
    kind: 'system.paused',
    entityId: system.account_id,
    facts: { system: system.uuid, name: system.name, systemKind: system.kind },
    touched: [],
  });
}

function outcomeOf(answer: WebhookAnswer, system: SystemRow, attempts: number): AttemptOutcome {
  const settled = { againAfterMs: 0, responseCode: null, responseText: null, problem: null, isFailure: null };
  if (answer.type === 'skipped') return { ...settled, outcome: 'skipped' };
  const answered =
    answer.type === 'answered' ? { responseCode: answer.code, responseText: shorten(answer.text) } : undefined;
  if (answer.type === 'answered' && answer.code >= 200 && answer.code < 300)
    return { ...settled, ...answered, outcome: 'delivered', isFailure: false };
  const problem = answer.type === 'failed' ? answer.problem : problemOf(answer.code);
  const bounds = { minMs: system.retry_min_ms, maxMs: system.retry_max_ms };
  const asked = answer.type === 'answered' ? answer.retryAfterMs : null;
  const delay = retryDelayMs(attempts, bounds, asked, Math.random());
  if (delay === null) return { ...settled, ...answered, outcome: 'failed', problem, isFailure: true };
  return { ...again(problem, delay, true), ...answered };
}

function again(problem: string, againAfterMs: number, isFailure: boolean | null): AttemptOutcome {
  return { outcome: 'pending', againAfterMs, responseCode: null, responseText: null, problem, isFailure };
}

function problemOf(code: number): string {
  if (code >= 300 && code < 400) return `answered ${code}: redirects are not followed`;
  return code === GONE ? 'answered 410: it wants nothing more' : `answered ${code}`;
}

/** What a text column takes. */
function shorten(text: string): string | null {
  const shown = text.replaceAll('\u0000', '').slice(0, RESPONSE_MAX);
  return shown === '' ? null : shown;
}
