/**
 * The embedded database could not be started. The message is for the operator: what was wrong, where, and what to do.
 * It never holds a password; what only a developer needs is in `cause`.
 */
export class DatabaseStartError extends Error {
  override readonly name: string = 'DatabaseStartError';
}

/** The secret key is not the one of the database. */
export class SecretKeyError extends DatabaseStartError {
  override readonly name = 'SecretKeyError';
}

export function hasErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
