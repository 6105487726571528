/**
 * What goes wrong below HTTP, as one of our own errors with a sentence for the user, and whether trying again may help.
 */
import { ApiProblem, Interrupted, Unreachable } from './client-error.ts';

/** Connections break when a server restarts; nobody listening is told at once, and a refusal is an answer. */
export function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof ApiProblem) return error.code === 'busy' || error.code === 'rate_limited';
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(causeCode(error) ?? '');
}

/** What went wrong below HTTP, as one of our own errors. */
export function failure(
  error: unknown,
  where: string,
  timeoutMs: number | null,
  signal: AbortSignal | undefined,
  method = 'GET',
): Error {
  if (error instanceof ApiProblem || error instanceof Unreachable) return error;
  if (signal?.aborted) return new Interrupted();
  if (error instanceof SyntaxError)
    return new ApiProblem({
      code: 'no_json',
      httpStatus: 200,
      detail: `${where} answered something that is no JSON: is this the address of Abeyance?`,
    });
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') {
    const doubt = method === 'GET' ? '' : '; whether it was done is not known, --timeout gives it longer';
    return new Unreachable(`${where} did not answer within ${(timeoutMs ?? 0) / 1000} seconds${doubt}`, {
      cause: error,
    });
  }
  const code = causeCode(error);
  if (code === 'ECONNREFUSED')
    return new Unreachable(
      `nobody answers at ${where}; start the server with ./abeyance serve, or name another with --url`,
      { cause: error },
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Unreachable(`there is no host ${new URL(where).hostname}`, { cause: error });
  return new Unreachable(`the connection to ${where} failed (${code ?? causeMessage(error)})`, { cause: error });
}

/** The system's word for a failed connection, which fetch hides beneath `cause`, and beneath a list for several addresses. */
function causeCode(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors[0] instanceof Error) return causeCode(at.errors[0]);
  }
  return null;
}

/** The innermost message, for failures that have no code. */
function causeMessage(error: unknown): string {
  let message = String(error);
  for (let at: unknown = error; at instanceof Error; at = at.cause) message = at.message;
  return message;
}
