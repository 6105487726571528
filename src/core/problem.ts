/**
 * Refusals and failures, free of any transport. A face renders each code once, from an exhaustive record.
 *
 * `PROBLEM_ORDER` is the order in which a request is judged: the first that applies is the one that is answered.
 * `rate_limited`, `busy`, `unavailable` and `bug` may come at any time.
 */
export const PROBLEM_ORDER = [
  'malformed',
  'unauthenticated',
  'not_found',
  'forbidden',
  'invalid',
  'exists',
  'closed',
  'held',
  'over_credit',
  'conflict',
  'precondition_failed',
  'plan_required',
] as const;

export const PROBLEM_ANY_TIME = ['rate_limited', 'busy', 'unavailable', 'bug'] as const;

export type ProblemCode = (typeof PROBLEM_ORDER)[number] | (typeof PROBLEM_ANY_TIME)[number];

/** One field that is wrong: its path in the input, and what would be right. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A refusal as a value, as core gives it. `facts` are safe to show to the caller. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly message: string;
  readonly errors?: readonly FieldError[];
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A refusal on its way to a face. What must stay private goes into `cause`. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(refusal: Refusal, cause?: unknown) {
    super(refusal.message, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    this.code = refusal.code;
    this.errors = refusal.errors ?? [];
    this.facts = refusal.facts ?? {};
  }
}

/** Makes a `Problem` of a code and a sentence. */
export function problem(code: ProblemCode, message: string, more: Pick<Refusal, 'errors' | 'facts'> = {}): Problem {
  return new Problem({ code, message, ...more });
}

/** An `invalid` problem about one field, or several. */
export function invalid(...errors: readonly FieldError[]): Problem {
  const detail = errors.map((error) => `${error.field}: ${error.message}`).join('; ');
  return new Problem({ code: 'invalid', message: detail, errors });
}
