/** The data of LOC records: a place on earth. Only the form is judged and unified, never the place. */
import { accepted, type Reading, refused } from '#core/reading.ts';

const ANGLE = String.raw`(\d{1,3})(?: (\d{1,2})(?: (\d{1,2}(?:\.\d{1,3})?))?)?`;
const METRES = String.raw`(-?\d{1,8}(?:\.\d{1,2})?)M?`;
const LOCATION = new RegExp(`^${ANGLE} ([NS]) ${ANGLE} ([EW]) ${METRES}(?: ${METRES})?(?: ${METRES})?(?: ${METRES})?$`);

/** RFC 1876 section 2: altitudes from 100 km below to about 42 849 km above the spheroid. */
const ALTITUDE_MIN = -100_000;
const ALTITUDE_MAX = 42_849_672.95;
/** RFC 1876 section 2: a size or precision of at most 9e9 centimetres. */
const SIZE_MAX = 90_000_000;

/** Reads a location (RFC 1876 section 3) and writes it in full: degrees, minutes, seconds, metres, defaults included. */
export function readLocation(text: string): Reading<string> {
  const wanted = 'must be a location such as 52 22 23.000 N 4 53 32.000 E -2.00m (RFC 1876)';
  const match = LOCATION.exec(text.trim().toUpperCase().replace(/\s+/g, ' '));
  if (!match) return refused(wanted, text);
  const latitude = angle(match.slice(1, 4), 90);
  const longitude = angle(match.slice(5, 8), 180);
  if (latitude === null || longitude === null) return refused(`${wanted}: its angle is too large`, text);
  const altitude = Number(match[9]);
  if (altitude < ALTITUDE_MIN || altitude > ALTITUDE_MAX)
    return refused(`${wanted}: its altitude is out of range`, text);
  const sizes = [match[10] ?? '1', match[11] ?? '10000', match[12] ?? '10'].map(Number);
  if (sizes.some((size) => size < 0 || size > SIZE_MAX)) return refused(`${wanted}: its size is out of range`, text);
  const metres = [altitude, ...sizes].map((size) => `${size.toFixed(2)}m`).join(' ');
  return accepted(`${latitude} ${match[4]} ${longitude} ${match[8]} ${metres}`);
}

/** Degrees, minutes and seconds in one spelling, or null when they pass the greatest angle. */
function angle(parts: readonly (string | undefined)[], degreesMax: number): string | null {
  const [degrees = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0));
  if (minutes > 59 || seconds >= 60 || degrees + minutes / 60 + seconds / 3600 > degreesMax) return null;
  return `${degrees} ${minutes} ${seconds.toFixed(3)}`;
}
