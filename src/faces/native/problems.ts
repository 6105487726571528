/** Each problem code as HTTP: status and title. The body follows RFC 9457. */
import type { Problem, ProblemCode } from '#core/problem.ts';

interface Rendering {
  readonly status: number;
  readonly title: string;
}

export const RENDERINGS: Readonly<Record<ProblemCode, Rendering>> = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'Who are you?' },
  not_found: { status: 404, title: 'There is no such thing' },
  forbidden: { status: 403, title: 'You may not do this' },
  invalid: { status: 422, title: 'The input is wrong' },
  exists: { status: 409, title: 'It is there already' },
  closed: { status: 409, title: 'It is closed' },
  held: { status: 409, title: 'It is held' },
  over_credit: { status: 409, title: 'There is no credit left' },
  conflict: { status: 409, title: 'It contradicts what is there' },
  precondition_failed: { status: 412, title: 'It was changed meanwhile' },
  plan_required: { status: 428, title: 'A plan is needed first' },
  rate_limited: { status: 429, title: 'Too many requests' },
  busy: { status: 503, title: 'Too much is going on' },
  unavailable: { status: 503, title: 'It cannot be done now' },
  bug: { status: 500, title: 'Something went wrong inside' },
};

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly { readonly field: string; readonly message: string }[];
  readonly facts?: Readonly<Record<string, unknown>>;
}

export function problemBody(
  problem: Pick<Problem, 'code' | 'message' | 'errors' | 'facts'>,
  status?: number,
): ProblemBody {
  const rendering = RENDERINGS[problem.code];
  return {
    type: `urn:abeyance:problem:${problem.code}`,
    title: rendering.title,
    status: status ?? rendering.status,
    code: problem.code,
    detail: problem.message,
    errors: problem.errors,
    ...(Object.keys(problem.facts).length > 0 ? { facts: problem.facts } : {}),
  };
}
