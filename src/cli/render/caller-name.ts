/** How a sentence names whoever asks. */
import type { WhoAmIView } from '#cli/api-types.ts';

/** The login with its role, or the token of the first administrator. */
export function callerName({ actor, name, role }: WhoAmIView): string {
  if (name === null) return actor === 'token:admin' ? 'the first administrator, by token' : actor;
  return role === null ? name : `${name}, ${role}`;
}
