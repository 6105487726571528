/**
 * Drives the resources of an APS endpoint: tells it what is desired, learns what became of a request whose reply was
 * lost before it tells the opposite, and asks for what the endpoint is still working on.
 */
import { randomUUID } from 'node:crypto';

import type { Json } from '#core/field.ts';
import { apsPlaceOf } from '#core/systems/aps-settings.ts';
import {
  type ApsStanding,
  type ApsState,
  type ApsVerb,
  confirmedState,
  isConfigured,
  readApsState,
  verbBetween,
} from '#core/systems/aps-state.ts';
import type { Call, MakeDriver, Order, Outcome } from '#systems/system.ts';

import type { Answer, Failed } from './answer.ts';
import { type Endpoint, makeEndpoint, pathOf, tell } from './endpoint.ts';
import { type Ledger, type Task, afterVerb, propertiesTold, readLedger, readTask, standingOf } from './ledger.ts';
import { canLook, look } from './look.ts';
import { observe } from './observe.ts';

/** How often the outcome of a superseded request is asked for before the opposite is told all the same. */
const LEARN_TRIES_MAX = 3;
/** A resource that is still being made changes its status by a change of ours: this is for the case that none comes. */
const AWAIT_MS = 3_600_000;

export const makeApsDriver: MakeDriver = (system) => {
  const endpoint = makeEndpoint(system);
  return {
    converge: async (order, call) => {
      const wanted = readApsState(order.desired);
      if (wanted === null) return never('bad_state', 'What is desired is no state of an APS resource.');
      if (endpoint.missing !== null) return never('credentials', endpoint.missing);
      const place = apsPlaceOf({ ...order, settings: system.settings });
      if (!place.ok) return never('bad_reference', place.message);
      return new Convergence(endpoint, order, call, wanted, place.value).run();
    },
    observe: (order, call) => observe(endpoint, order, call),
    close: () => Promise.resolve(endpoint.close()),
  };
};

/** One order on its way: what is known of the resource grows with each answer. */
class Convergence {
  private readonly endpoint: Endpoint;
  private readonly order: Order;
  private readonly call: Call;
  private readonly wanted: ApsState;
  private readonly place: { readonly service: string; readonly id: string };
  private ledger: Ledger;
  private at: ApsStanding;
  private told: string | undefined;
  /** What the resource is has to be written in any case, for an earlier request may have changed it. */
  private isUnsure: boolean;
  /** "Already so" is as good as done. */
  private isTolerant: boolean;
  private readonly notes: string[] = [];

  constructor(
    endpoint: Endpoint,
    order: Order,
    call: Call,
    wanted: ApsState,
    place: { readonly service: string; readonly id: string },
  ) {
    this.endpoint = endpoint;
    this.order = order;
    this.call = call;
    this.wanted = wanted;
    this.place = place;
    this.ledger = readLedger(order.kept);
    this.at = standingOf(order, this.ledger, wanted);
    this.told = propertiesTold(order, this.ledger);
    this.isUnsure = order.mayHaveActed || order.isForced;
    this.isTolerant = this.isUnsure;
  }

  async run(): Promise<Outcome> {
    const task = readTask(this.order.task, this.ledger);
    const early = task === null ? await this.learn() : await this.poll(task);
    if (early !== null) return early;
    const steps = this.steps();
    const { awaits } = this.wanted;
    if (steps.length > 0 && awaits !== undefined)
      return {
        type: 'waiting',
        task: { awaits },
        pollAfterMs: AWAIT_MS,
        text: `Called when it is no longer ${awaits}.`,
      };
    for (const verb of steps) {
      const outcome = await this.step(verb);
      if (outcome !== null) return outcome;
    }
    return this.done();
  }

  /** Asks how a running operation goes. Null: it is over, and what remains can be told. */
  private async poll(task: Task): Promise<Outcome | null> {
    const answer = await this.tell(task.verb, 'async', task.id);
    if (answer.type === 'lost') return lost(answer.detail);
    if (answer.type === 'running') {
      if (!this.isOverdue(task)) return this.waiting(task, answer);
      const hours = Number(this.endpoint.settings['asyncDeadlineMs']) / 3_600_000;
      // What is no longer wanted does not hold up its opposite for ever.
      if (!this.isFor(task.verb)) return this.overtake();
      return never(
        'deadline',
        `${task.verb} has run since ${task.since}: no result within the deadline of ${hours} hours.${sayText(answer.text)}`,
      );
    }
    if (answer.type === 'failed' && answer.isPassing) return failure(answer, {});
    if (answer.type === 'done' || (answer.type === 'already' && (this.isTolerant || task.isTolerant === true))) {
      this.arrive(task.verb, answer.type === 'done' ? answer.note : undefined);
      return null;
    }
    const failed = answer.type === 'already' ? answer.otherwise : answer;
    return this.isFor(task.verb) ? this.fail(failed) : this.overtake();
  }

  /**
   * Learns what became of a request whose reply was lost: by reading where the endpoint can be read, and else, when
   * another is to follow, by repeating it under its own id. Null: it is known, or no longer worth asking.
   */
  private async learn(): Promise<Outcome | null> {
    if (!this.isUnsure) return null;
    const { sent } = this.ledger;
    if (canLook(this.endpoint, this.order)) {
      const found = await look(this.endpoint, this.order, this.place, this.call);
      if (found.type === 'seen') {
        this.at = found.at;
        if (found.at === 'ready') this.told = found.properties ?? this.told;
        // Where a request left no trace it may still run there: then the look settles nothing about it.
        const isSettled = sent === undefined || sent.verb === 'configure' || found.at === afterVerb(sent.verb);
        if (isSettled || sent.verb === this.next()) {
          this.isUnsure = false;
          return null;
        }
      }
    }
    if (!this.order.mayHaveActed || sent === undefined || sent.verb === 'configure' || sent.verb === this.next())
      return null;
    if (this.order.attempts > LEARN_TRIES_MAX) return null;
    const answer = await this.tell(sent.verb, 'sync', sent.id);
    if (answer.type === 'lost') return lost(answer.detail);
    if (answer.type === 'running') return this.waiting(this.taskOf(sent.verb, sent.id), answer);
    if (answer.type === 'failed' && answer.isPassing) return failure(answer, {});
    if (answer.type === 'done' || answer.type === 'already') this.arrive(sent.verb, undefined);
    return null;
  }

  /** What is to be told, in order. */
  private steps(): ApsVerb[] {
    const { wanted, at } = this;
    const next = this.next();
    if (next === 'unprovision' && at === 'disabled' && this.endpoint.settings['enablesToRemove'] === true)
      return ['enable', 'unprovision'];
    const isBehind = wanted.state === 'ready' && (at !== 'unmade' || next !== null) && !isConfigured(this.told, wanted);
    // What is made anew has its properties from the start.
    if (next !== null) return next === 'enable' && isBehind ? [next, 'configure'] : [next];
    if (isBehind && at === 'ready') return this.isUnsure ? ['enable', 'configure'] : ['configure'];
    if (!this.isUnsure || at === 'unmade' || at === 'removed') return [];
    // A request that was given up may have undone it meanwhile: it is written once more.
    return wanted.state === 'disabled' ? ['disable'] : wanted.state === 'ready' ? ['enable'] : [];
  }

  private async step(verb: ApsVerb): Promise<Outcome | null> {
    const { sent } = this.ledger;
    // A repeat after a lost reply is the same request; a repeat after a refusal is another.
    const id = this.order.mayHaveActed && sent?.verb === verb ? sent.id : randomUUID();
    await this.keep(verb, id);
    const answer = await this.tell(verb, 'sync', id);
    if (answer.type === 'lost') return lost(answer.detail);
    if (answer.type === 'running') return this.waiting(this.taskOf(verb, id), answer);
    // A request that was given up disabled it in between: enabling it is told with the next try.
    if (answer.type === 'failed' && answer.code === 'suspended' && this.order.mayHaveActed)
      return this.fail({ ...answer, again: 'later', afterMs: undefined });
    if (answer.type === 'failed') return this.fail(answer);
    if (answer.type === 'already' && !this.isTolerant) return this.fail(answer.otherwise);
    const note = answer.type === 'done' ? answer.note : 'The endpoint said that it is already so.';
    this.arrive(verb, note);
    return null;
  }

  /**
   * After the first of two calls the resource is no longer as it was confirmed. The task says so: with one, what is desired is
   * told even where it is what was confirmed.
   */
  private fail(failed: Failed): Outcome {
    return failure(failed, { task: this.hasMoved() ? { after: this.at } : null });
  }

  private async keep(verb: ApsVerb, id: string): Promise<void> {
    const { order, ledger } = this;
    const { sent: _sent, step: _step, ...before } = ledger;
    this.ledger = {
      ...(verb === 'disable' ? this.remembered() : before),
      sent: { verb, id },
      ...(this.hasMoved() ? { step: { at: this.at, over: order.applied } } : {}),
    };
    await this.call.keep({ ...this.ledger });
  }

  /** What is there before the first hold, so that it can be put back. */
  private remembered(): Ledger {
    const status = this.order.values['apsStatus'];
    const own = typeof status === 'string' && status !== '' && !status.startsWith('aps:') ? { status } : {};
    return { ...own, ...(this.told === undefined ? {} : { properties: this.told }) };
  }

  private done(): Outcome {
    const { at, wanted, ledger, told } = this;
    const isStopped = wanted.state === 'through';
    if (isStopped) this.notes.push(`Stopped through ${wanted.through ?? 'its container'}.`);
    if (wanted.uncovered === true) this.notes.push('Not covered: its type cannot be disabled.');
    const kept =
      at === 'disabled' ? { ...ownStatus(ledger), ...(told === undefined ? {} : { properties: told }) } : null;
    const isAsBefore = isStopped && this.order.applied !== null && !this.hasMoved();
    const applied = isAsBefore ? this.order.applied : confirmedState(at, wanted, ledger.status);
    const note = this.notes.length === 0 ? undefined : [...new Set(this.notes)].join(' ');
    return { type: 'done', applied, kept, note };
  }

  private hasMoved(): boolean {
    return this.at !== standingOf(this.order, {}, this.wanted);
  }

  /** The endpoint confirmed a verb, so that it is known where the resource stands. */
  private arrive(verb: ApsVerb, note: string | undefined): void {
    this.at = afterVerb(verb);
    this.isUnsure = false;
    if (verb === 'provision' || verb === 'configure') this.told = this.wanted.properties;
    if (note !== undefined) this.notes.push(note);
    if (verb !== 'disable' && verb !== 'enable') return;
    if (this.endpoint.settings['suspends'] === false)
      this.notes.push('The endpoint says yes and does not really suspend.');
    if (!canLook(this.endpoint, this.order)) this.notes.push('Unverified: the endpoint offers no way to read it.');
  }

  private overtake(): null {
    this.isUnsure = true;
    this.isTolerant = true;
    return null;
  }

  /** Whether a verb leads to what is wanted now. */
  private isFor(verb: ApsVerb): boolean {
    return afterVerb(verb) === this.wanted.state;
  }

  private next(): ApsVerb | null {
    return verbBetween(this.at, this.wanted);
  }

  private tell(verb: ApsVerb, phase: 'sync' | 'async', id: string): Promise<Answer> {
    return tell(this.endpoint, verb, { order: this.order, place: this.place, phase, id }, this.call);
  }

  private taskOf(verb: ApsVerb, id: string): Task {
    const task = { verb, id, path: pathOf(verb, this.place), since: new Date().toISOString() };
    return this.isTolerant ? { ...task, isTolerant: true } : task;
  }

  private waiting(task: Task, answer: Answer & { readonly type: 'running' }): Outcome {
    const { text: _text, ...rest } = task;
    const said = answer.text === undefined ? {} : { text: answer.text };
    return { type: 'waiting', task: { ...rest, ...said }, pollAfterMs: answer.afterMs, ...said };
  }

  private isOverdue(task: Task): boolean {
    return Date.now() - Date.parse(task.since) > Number(this.endpoint.settings['asyncDeadlineMs']);
  }
}

function ownStatus({ status }: Ledger): Pick<Ledger, 'status'> {
  return status === undefined ? {} : { status };
}

function sayText(text: string | undefined): string {
  return text === undefined ? '' : ` The endpoint says: ${text}`;
}

function failure({ again, code, detail, afterMs, mayHaveActed }: Failed, more: { readonly task?: Json }): Outcome {
  return {
    type: again,
    code,
    detail,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(mayHaveActed === true ? { mayHaveActed } : {}),
    ...more,
  };
}

function lost(detail: string): Outcome {
  return { type: 'unknown', code: 'no_reply', detail };
}

function never(code: string, detail: string): Outcome {
  return { type: 'never', code, detail };
}
