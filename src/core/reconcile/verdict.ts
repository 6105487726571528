/** What a call ended in, and what is written of it: the rules of a target's state, without a clock. */
import type { Json } from '#core/field.ts';

import { type Retry, askedWithin, retryAfterMs } from './backoff.ts';
import type { Doubt } from './intent.ts';

/**
 * What became of a call.
 * - `done`: the system confirmed the desired state. `applied` replaces the desired one where the system put it otherwise.
 * - `waiting`: it works on it, or something else has to happen first; ask again after `pollAfterMs`. `text` is for people, and
 *   often the system's own; `code` says what is waited for, and is shown as the problem of the target.
 * - `later`: it did nothing, or not all; trying again may help, after `afterMs` where the system said so.
 * - `never`: a person has to put something right; tried again after `afterMs` if at all.
 * - `unknown`: no reply came to something that may have acted.
 * Details are sentences for people, without credentials.
 */
export type Outcome =
  | { readonly type: 'done'; readonly applied?: Json; readonly kept?: Json; readonly note?: string | undefined }
  | {
      readonly type: 'waiting';
      readonly task: Json;
      readonly pollAfterMs: number;
      readonly text?: string | undefined;
      readonly code?: string | undefined;
    }
  | {
      readonly type: 'later' | 'never';
      readonly code: string;
      readonly detail: string;
      readonly afterMs?: number | undefined;
      /** True when an earlier unknown request is known by now not to matter. */
      readonly isSettled?: boolean;
      /** It failed in a way that may have done something of it all the same: told again even if nothing new is desired by then. */
      readonly mayHaveActed?: boolean;
      /** Replaces the task; null forgets it. */
      readonly task?: Json;
    }
  | { readonly type: 'unknown'; readonly code: string; readonly detail: string };

/** The target as it was claimed. */
export interface Tried {
  readonly desired: Json;
  readonly applied: Json;
  readonly task: Json;
  readonly isUnproven: boolean;
  readonly isDrifted: boolean;
  readonly doubt: Doubt;
  readonly attempts: number;
}

/**
 * What is written of a try. The part about the far side holds whatever was desired meanwhile; the part about the try (attempts,
 * next time, problem) is written only where no newer generation has come.
 */
export interface Writing {
  readonly isTold: boolean;
  /** Whether the generation that was claimed is confirmed. */
  readonly isConfirmed: boolean;
  readonly applied: Json;
  /** Undefined: what is kept stays. */
  readonly kept?: Json;
  readonly task: Json;
  readonly isUnproven: boolean;
  readonly isDrifted: boolean;
  /** `extend`: a request may arrive for as long as the system's longest flight from now on. */
  readonly doubt: 'keep' | 'clear' | 'extend';
  readonly attempts: number;
  /** When it is told next, in milliseconds; `settled`: when no former request can arrive any more; null: not by itself. */
  readonly dueInMs: number | 'settled' | null;
  readonly needsPerson: boolean;
  readonly problem: { readonly code: string; readonly detail: string } | null;
  readonly note: string | null;
}

/** A task is asked for no more often than this. */
const POLL_MIN_MS = 50;

/** What is written when there was nothing to tell. */
export function writeUntold(tried: Tried): Writing {
  const isSure = tried.doubt === 'none';
  return {
    ...unchanged(tried),
    isTold: false,
    isConfirmed: isSure,
    attempts: 0,
    dueInMs: isSure ? null : 'settled',
  };
}

/** What is written of the outcome of a call. `random` is in [0, 1). */
export function writeVerdict(tried: Tried, verdict: Outcome, retry: Retry, random: number): Writing {
  const attempts = tried.attempts + 1;
  const same = { ...unchanged(tried), attempts };
  switch (verdict.type) {
    case 'done': {
      // A request that was given up may still arrive and undo this: then it is told once more, after that.
      const isSure = tried.doubt !== 'open';
      return {
        ...same,
        isConfirmed: isSure,
        applied: verdict.applied ?? tried.desired,
        ...(verdict.kept === undefined ? {} : { kept: verdict.kept }),
        task: null,
        isUnproven: false,
        isDrifted: isSure ? false : tried.isDrifted,
        doubt: isSure ? 'clear' : 'keep',
        attempts: 0,
        dueInMs: isSure ? null : 'settled',
        note: verdict.note ?? null,
      };
    }
    case 'waiting':
      return {
        ...same,
        task: verdict.task,
        isUnproven: false,
        attempts: 0,
        dueInMs: Math.max(POLL_MIN_MS, askedWithin(verdict.pollAfterMs)),
        problem: verdict.code === undefined ? null : { code: verdict.code, detail: verdict.text ?? verdict.code },
        note: verdict.text ?? null,
      };
    case 'later':
    case 'never':
      return {
        ...same,
        task: verdict.task === undefined ? tried.task : verdict.task,
        isUnproven: verdict.mayHaveActed === true || (verdict.isSettled !== true && tried.isUnproven),
        doubt: verdict.isSettled === true ? 'clear' : 'keep',
        dueInMs: nextTry(verdict, retry, attempts, random),
        needsPerson: verdict.type === 'never',
        problem: { code: verdict.code, detail: verdict.detail },
      };
    case 'unknown':
      return {
        ...same,
        isUnproven: true,
        doubt: 'extend',
        dueInMs: retryAfterMs(retry, attempts, random),
        problem: { code: verdict.code, detail: verdict.detail },
      };
  }
}

function nextTry(
  verdict: Extract<Outcome, { readonly type: 'later' | 'never' }>,
  retry: Retry,
  attempts: number,
  random: number,
): number | null {
  if (verdict.type === 'later') return retryAfterMs(retry, attempts, random, verdict.afterMs);
  return verdict.afterMs === undefined ? null : Math.max(retry.retryMinMs, askedWithin(verdict.afterMs));
}

function unchanged({ applied, task, isUnproven, isDrifted, attempts }: Tried): Writing {
  return {
    isTold: true,
    isConfirmed: false,
    applied,
    task,
    isUnproven,
    isDrifted,
    doubt: 'keep',
    attempts,
    dueInMs: null,
    needsPerson: false,
    problem: null,
    note: null,
  };
}
