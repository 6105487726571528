/** How a BroadWorks application server names what is intercepted: a group within its service provider, or a user. */
import type { Json } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';

/** A group is unique within its service provider alone; a user everywhere. */
export type BroadworksReference =
  | { readonly serviceProviderId: string; readonly groupId: string }
  | { readonly userId: string };

/** The server counts bytes here, and characters elsewhere. */
const PROVIDER_BYTES_MAX = 30;
const GROUP_MAX = 30;
const USER_MAX = 161;
const WANTED =
  'must be provider/group, user@domain, or an object with serviceProviderId and groupId, or with userId alone';

/**
 * Reads `provider/group` or `user@domain`, or an object with `serviceProviderId` and `groupId`, or with `userId` alone. The first
 * slash divides. Blanks are collapsed as the server collapses them.
 */
export function readBroadworksReference(given: unknown): Reading<Json> {
  if (typeof given === 'string') {
    const slash = given.indexOf('/');
    if (slash >= 0) return readGroup(given.slice(0, slash), given.slice(slash + 1));
    return given.includes('@') ? readUser(given) : refused(WANTED, given);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return refused(WANTED, given);
  const { serviceProviderId, groupId, userId, ...others } = given as Record<string, unknown>; // An object that is no list.
  if (Object.keys(others).length > 0) return refused(WANTED, given);
  if (userId === undefined) return readGroup(serviceProviderId, groupId);
  if (serviceProviderId !== undefined || groupId !== undefined)
    return refused('must name either a group or a user, not both', given);
  return readUser(userId);
}

/** A reference as it was stored; null for anything else. */
export function broadworksReference(stored: Json): BroadworksReference | null {
  const reading = readBroadworksReference(stored);
  return reading.ok ? (reading.value as unknown as BroadworksReference) : null; // The reader makes one of the two forms.
}

function readGroup(provider: unknown, group: unknown): Reading<Json> {
  const serviceProviderId = token(provider);
  const groupId = token(group);
  if (serviceProviderId === null) return refused(`${WANTED}; serviceProviderId must be plain text`, provider);
  if (groupId === null) return refused(`${WANTED}; groupId must be plain text`, group);
  const bytes = bytesOf(serviceProviderId);
  if (bytes > PROVIDER_BYTES_MAX)
    return refused(`must have a service provider of at most ${PROVIDER_BYTES_MAX} bytes, has ${bytes}`);
  const characters = [...groupId].length;
  if (characters > GROUP_MAX) return refused(`must have a group of at most ${GROUP_MAX} characters, has ${characters}`);
  return accepted({ serviceProviderId, groupId });
}

function readUser(user: unknown): Reading<Json> {
  const userId = token(user);
  if (userId === null) return refused(`${WANTED}; userId must be plain text`, user);
  if (userId.length > USER_MAX) return refused(`must have a user of at most ${USER_MAX} characters`);
  return accepted({ userId });
}

/** Text without control characters and needless blanks; null where nothing is left. */
function token(given: unknown): string | null {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (typeof given !== 'string' || /[\u0000-\u001f\u007f]/.test(given)) return null;
  const text = given.trim().replaceAll(/ {2,}/g, ' ');
  return text === '' ? null : text;
}

/** The length in UTF-8, as the server counts it. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
