/** The part of a profile that says what name servers answer for a zone that is held: `systems.powerdns`. */
import type { Action } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import { readIpAddress } from '#core/ip-address.ts';
import type { FieldError } from '#core/problem.ts';

export const DNS_ANSWERS = ['refused', 'nxdomain', 'parked'] as const;

/** As many addresses as fit an answer with room to spare. */
const ADDRESSES_MAX = 8;
const TTL_MAX = 86_400;
const MEMBERS = ['answer', 'addresses', 'ttl'];

/**
 * Judges `{"answer": "refused" | "nxdomain" | "parked", "addresses": [IP address, …], "ttl": seconds}`. A parked answer
 * needs addresses. Nothing is said about what is absent.
 */
export function judgePowerdns(value: Json | undefined, errors: FieldError[]): void {
  if (value === undefined) return;
  const field = 'systems.powerdns';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    errors.push({ field, message: `must be an object with ${MEMBERS.join(', ')}` });
    return;
  }
  const settings = value as Readonly<Record<string, Json>>; // Narrowed to an object above.
  for (const name of Object.keys(settings))
    if (!MEMBERS.includes(name))
      errors.push({ field: `${field}.${name}`, message: `is none of ${MEMBERS.join(', ')}` });
  const { answer, addresses, ttl } = settings;
  if (answer !== undefined && !(DNS_ANSWERS as readonly Json[]).includes(answer))
    errors.push({ field: `${field}.answer`, message: `must be one of ${DNS_ANSWERS.join(', ')}` });
  if (ttl !== undefined && !(typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 0 && ttl <= TTL_MAX))
    errors.push({ field: `${field}.ttl`, message: `must be a whole number of seconds from 0 to ${TTL_MAX}` });
  const isList = Array.isArray(addresses) && addresses.length > 0 && addresses.length <= ADDRESSES_MAX;
  const isRight = isList && addresses.every((address) => typeof address === 'string' && readIpAddress(address).ok);
  if (addresses !== undefined && !isRight)
    errors.push({ field: `${field}.addresses`, message: `must be a list of 1 to ${ADDRESSES_MAX} IP addresses` });
  else if (answer === 'parked' && addresses === undefined)
    errors.push({ field: `${field}.addresses`, message: 'is missing: a parked zone answers with its addresses' });
}

/** Whether a profile denies or intercepts `dns`. */
export function touchesDns(profile: {
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
}): boolean {
  return profile.denied.includes('dns') || profile.intercepted.includes('dns');
}
