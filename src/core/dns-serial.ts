/** Serial numbers of zones, which only grow (RFC 1982). */

const HALF = 0x8000_0000;
const SPACE = 0x1_0000_0000;

/** Whether going from the former serial to the next one is no step back. Both from 0 to 4294967295 (RFC 1982 section 3.2). */
export function isSerialKeptOrRaised(former: number, next: number): boolean {
  return (next - former + SPACE) % SPACE < HALF;
}
