/** Each problem code as Restcomm's clients know it. There is no error object on this face. */
import type { Problem, ProblemCode } from '#core/problem.ts';
import { NOT_OBTAINABLE } from '#operations/telephony/buy-account-number.ts';
import { isForeign } from '#operations/telephony/find-account.ts';

/** A status with at most one of: a line of text, or a message in the format that was asked for. */
export interface Refusal {
  readonly status: number;
  readonly text?: string;
  readonly message?: string;
  /** Stands beside the message. */
  readonly error?: string;
  /** The reason phrase of the status line. */
  readonly phrase?: string;
}

type Rendering = (problem: Problem) => Refusal;

const told =
  (status: number): Rendering =>
  ({ message }) => ({ status, text: message });

export const RENDERINGS: Readonly<Record<ProblemCode, Rendering>> = {
  malformed: told(400),
  unauthenticated: () => ({ status: 401 }),
  // What is somebody else's is told from what is not there.
  not_found: (problem) => ({ status: isForeign(problem) ? 403 : 404 }),
  forbidden: ({ message, facts }) => {
    if (facts['reason'] === 'role') return { status: 403, phrase: message };
    return facts['standing'] === undefined ? { status: 403 } : { status: 403, text: message };
  },
  invalid: ({ message, facts }) => {
    if (facts['reason'] === 'depth') return { status: 400, message };
    if (facts['reason'] !== 'weak') return { status: 400, text: message };
    // Those who change look at the reason phrase, those who create at the body; both find the word weak in the body.
    return facts['doing'] === 'change'
      ? { status: 400, phrase: 'Password too weak', text: message }
      : { status: 400, message };
  },
  exists: told(409),
  closed: () => ({ status: 400, phrase: 'Account is closed', text: 'Account is closed' }),
  held: told(403),
  over_credit: ({ message, facts }) => ({
    status: 403,
    message,
    ...(facts['credit'] === 'number_credit' ? { error: 'DID_QUOTA_EXCEEDED' } : {}),
  }),
  // What clients know a number by that nobody sells.
  conflict: ({ message, facts }) => ({ status: 400, text: facts['code'] === NOT_OBTAINABLE ? '21452' : message }),
  precondition_failed: told(412),
  plan_required: told(403),
  rate_limited: told(429),
  busy: told(503),
  unavailable: told(503),
  bug: () => ({ status: 500 }),
};

export function refusalOf(problem: Problem): Refusal {
  return RENDERINGS[problem.code](problem);
}
