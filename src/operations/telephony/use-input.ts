/** Reads what a client of the account APIs says of a call or a message. */
import type { Callback } from '#core/call-platform.ts';
import type { FieldError } from '#core/problem.ts';

const END_MAX = 255;
const URL_MAX = 2_048;
const CLIENT = /^client:[^\s@?=]{1,64}$/;
const SIP = /^sips?:[^\s]+$/i;
/** A number as people write it; which ones there are is for the platform to know. */
const NUMBER = /^\+?[\d\s().*#-]{1,40}$/;

/** By the names of parameters, as clients send them; absent ones are undefined. */
export type UseInput = Readonly<Record<string, string | undefined>>;

/** Who calls or sends: any text, as servers show it. Empty, with an error, when it is missing. */
export function readFrom(input: UseInput, errors: FieldError[]): string {
  const text = input['From']?.trim() ?? '';
  if (text === '') errors.push({ field: 'From', message: 'is missing' });
  else if (text.length > END_MAX || hasControl(text))
    errors.push({ field: 'From', message: `must be text of at most ${END_MAX} characters` });
  return text;
}

/** Who is called or written to. */
export function readTo(input: UseInput, errors: FieldError[]): string {
  const text = input['To']?.trim() ?? '';
  if (text === '') errors.push({ field: 'To', message: 'is missing' });
  else if (text.length > END_MAX || hasControl(text) || ![CLIENT, SIP, NUMBER].some((form) => form.test(text)))
    errors.push({ field: 'To', message: 'must be a number, client:name or a SIP address' });
  return text;
}

/** An address with its method, POST by default; null when none is given. */
export function readCallback(
  input: UseInput,
  field: string,
  methodField: string,
  errors: FieldError[],
): Callback | null {
  const url = input[field] ?? '';
  const method = (input[methodField] ?? '').toUpperCase() || 'POST';
  if (method !== 'GET' && method !== 'POST') {
    errors.push({ field: methodField, message: 'must be GET or POST' });
    return null;
  }
  if (url === '') return null;
  // Some applications lie on the platform itself, and are named by a path there.
  const isRight = /^\/(?!\/)/.test(url) || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));
  if (!isRight || url.length > URL_MAX || hasControl(url)) {
    errors.push({ field, message: 'must be an address that begins with http:// or https://' });
    return null;
  }
  return { url, method };
}

/** A whole number; null when none is given. */
export function readNumber(input: UseInput, field: string, max: number, errors: FieldError[]): number | null {
  const text = input[field] ?? '';
  if (text === '') return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= 0 && value <= max) return value;
  errors.push({ field, message: `must be a whole number up to ${max}` });
  return null;
}

/** True or false; null when none is given. */
export function readFlag(input: UseInput, field: string, errors: FieldError[]): boolean | null {
  const text = (input[field] ?? '').toLowerCase();
  if (text === '') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  errors.push({ field, message: 'must be true or false' });
  return null;
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
