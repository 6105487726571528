/**
 * Addresses of the Internet Protocol in their one canonical spelling, the natural key of trusted peers.
 *
 * Networks, scoped addresses (`%eth0`) and the odd old spellings of IPv4 (octal, hexadecimal, fewer parts) are refused.
 */
import { accepted, type Reading, refused } from '#core/reading.ts';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]+$/;
const IPV4_MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Reads an IPv4 address in dotted decimals or an IPv6 address, and gives it as RFC 5952 writes it. */
export function readIpAddress(text: string): Reading<string> {
  if (IPV4.test(text)) return accepted(text);
  const wanted = 'must be an IP address such as 192.0.2.7 or 2001:db8::7';
  if (!text.includes(':') || !IPV6_CHARACTERS.test(text)) return refused(wanted, text);
  try {
    const compressed = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    return accepted(withDottedTail(compressed));
  } catch {
    return refused(wanted, text);
  }
}

/** Whether the canonical address is one of IPv4. */
export function isIpv4(address: string): boolean {
  return !address.includes(':');
}

/** IPv4-mapped addresses end in dotted decimals (RFC 5952 section 5). */
function withDottedTail(address: string): string {
  const match = IPV4_MAPPED.exec(address);
  if (!match) return address;
  const [high, low] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)];
  return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
