/** Each problem code as Twilio's error object: its own code, a message, where to read more, and the status. */
import type { Problem, ProblemCode } from '#core/problem.ts';
import { isForeign } from '#operations/telephony/find-account.ts';

export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly more_info: string;
  readonly status: number;
}

interface Rendering {
  readonly status: number;
  readonly code: number;
}

export const RENDERINGS: Readonly<Record<ProblemCode, Rendering>> = {
  malformed: { status: 400, code: 20001 },
  unauthenticated: { status: 401, code: 20003 },
  not_found: { status: 404, code: 20404 },
  forbidden: { status: 403, code: 20003 },
  invalid: { status: 400, code: 20001 },
  exists: { status: 409, code: 20409 },
  closed: { status: 400, code: 20006 },
  held: { status: 403, code: 20005 },
  over_credit: { status: 403, code: 21404 },
  conflict: { status: 400, code: 20409 },
  precondition_failed: { status: 412, code: 20412 },
  plan_required: { status: 403, code: 20008 },
  rate_limited: { status: 429, code: 20429 },
  busy: { status: 503, code: 20503 },
  unavailable: { status: 503, code: 20503 },
  bug: { status: 500, code: 20500 },
};

const MORE_INFO = 'https://www.twilio.com/docs/errors/';
const FOREIGN: Rendering = RENDERINGS.forbidden;

export function errorObject(problem: Problem): ErrorObject {
  const { status, code } = isForeign(problem) ? FOREIGN : RENDERINGS[problem.code];
  return { code, message: problem.message, more_info: `${MORE_INFO}${code}`, status };
}
