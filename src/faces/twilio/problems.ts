/**
 * Each problem code as Twilio's error object: its own code, a message, where to read more, and the status. The codes and
 * what they mean are those of Twilio's Error and Warning Dictionary (twilio.com/docs/api/errors).
 */
import type { Problem, ProblemCode } from '#core/problem.ts';

import { specialCode } from './special-codes.ts';

export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly more_info: string;
  readonly status: number;
}

export interface Rendering {
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
  closed: { status: 400, code: 21479 },
  held: { status: 403, code: 20005 },
  over_credit: { status: 403, code: 21404 },
  conflict: { status: 400, code: 20409 },
  precondition_failed: { status: 412, code: 20412 },
  plan_required: { status: 403, code: 20403 },
  rate_limited: { status: 429, code: 20429 },
  busy: { status: 503, code: 20503 },
  unavailable: { status: 503, code: 20503 },
  bug: { status: 500, code: 20500 },
};

/** What the framework refused, by its status. */
const BY_STATUS: Readonly<Record<number, number>> = { 405: 20004, 413: 20413, 415: 20422 };

const MORE_INFO = 'https://www.twilio.com/docs/errors/';

/** `status` is that of the framework, where it refused. */
export function errorObject(problem: Problem, status?: number): ErrorObject {
  const usual = specialCode(problem) ?? RENDERINGS[problem.code];
  const code = status === undefined ? usual.code : (BY_STATUS[status] ?? usual.code);
  return { code, message: problem.message, more_info: `${MORE_INFO}${code}`, status: status ?? usual.status };
}
