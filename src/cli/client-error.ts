/**
 * What a request can fail with: a problem that the server answered, no answer at all, or the user's Ctrl-C.
 *
 * Messages are for people and stand alone in one line; no token ever appears in one.
 */
import type { FieldError } from '#core/problem.ts';

/** A refusal or failure as the server worded it (RFC 9457), told apart by `code`. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** A problem code of the server, or `http_<number>` when the answer was none of ours. */
  readonly code: string;
  readonly httpStatus: number;
  readonly errors: readonly FieldError[];
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(problem: {
    readonly code: string;
    readonly httpStatus: number;
    readonly detail: string;
    readonly errors?: readonly FieldError[];
    readonly facts?: Readonly<Record<string, unknown>>;
  }) {
    super(problem.detail);
    this.code = problem.code;
    this.httpStatus = problem.httpStatus;
    this.errors = problem.errors ?? [];
    this.facts = problem.facts ?? {};
  }
}

/** Nobody answered: refused, no such host, connection lost, or too late. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** Reads the body of a refused request: problem+json when it is ours, otherwise the status alone. */
export function toApiProblem(httpStatus: number, statusText: string, body: string, where: string): ApiProblem {
  const problem = parseObject(body);
  const code = problem?.['code'];
  if (problem === null || typeof code !== 'string') {
    const detail = `${where} answered ${httpStatus} ${statusText}`.trim();
    return new ApiProblem({
      code: `http_${httpStatus}`,
      httpStatus,
      detail: `${detail}, which is no answer of Abeyance`,
    });
  }
  const { detail, title, errors, facts } = problem;
  return new ApiProblem({
    code,
    httpStatus,
    detail: typeof detail === 'string' && detail !== '' ? detail : typeof title === 'string' ? title : code,
    errors: Array.isArray(errors) ? errors.filter(isFieldError) : [],
    facts: isObject(facts) ? facts : {},
  });
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFieldError(value: unknown): value is FieldError {
  return isObject(value) && typeof value['field'] === 'string' && typeof value['message'] === 'string';
}
