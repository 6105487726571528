/** Telephone numbers as clients of the account APIs write them. */
import { readE164 } from '#core/e164.ts';
import { invalid } from '#core/problem.ts';

/**
 * The number in E.164. Without a plus sign, ten digits are a number of North America, where these APIs come from; more, or
 * fewer, begin with their country code. Throws `invalid`.
 */
export function readDialled(field: string, number: string): string {
  const reading = readE164(international(number));
  if (!reading.ok) throw invalid({ field, message: reading.message });
  return reading.value;
}

function international(number: string): string {
  const bare = number.replace(/[-.()\s]/g, '');
  if (!/^\d+$/.test(bare)) return number;
  return bare.length === 10 ? `+1${bare}` : `+${bare}`;
}
