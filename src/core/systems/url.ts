/** Addresses in the settings of systems. */
import type { Field } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';

const URL_MAX = 2_048;

/** An HTTP address without user and password, which belong into secrets. */
export function readHttpUrl(text: string): Reading<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return refused('must be an address that begins with http:// or https://', text);
  if (url.username !== '' || url.password !== '') return refused('must have no user and password in it');
  if (url.hash !== '') return refused('must have no fragment', text);
  return accepted(url.href);
}

/** A required address. */
export function httpUrl(note: string): Field {
  return { type: 'text', max: URL_MAX, required: true, read: readHttpUrl, note };
}
