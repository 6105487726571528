/**
 * Domain names: of SIP domains and hosts (letters, digits, hyphens), and owner names in the DNS, which allow more.
 *
 * The result is the one spelling that keys are compared in: ASCII, lower case, no trailing dot. Whether a name exists is
 * no concern of this file.
 */
import { accepted, type Reading, refused } from '#core/reading.ts';

/** RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters in writing. */
const NAME_MAX = 253;
/** RFC 1035 section 2.3.4. */
const LABEL_MAX = 63;

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** Underscores name services (RFC 8552); a slash divides a reverse zone below one octet (RFC 2317). */
const OWNER_LABEL = /^[a-z0-9_/-]+$/;
const ASCII = /^\p{ASCII}*$/u;
const ASCII_ALLOWED = /^[A-Za-z0-9._*/\u0080-\u{10ffff}-]+$/u;

/**
 * Reads the name of a host or a SIP domain: IDN becomes ASCII (UTS 46, as WHATWG URL does it), lower case, labels of
 * letters, digits and inner hyphens (RFC 1123 section 2.1), the last one not a number, so that no IPv4 address passes
 * (RFC 3261 section 25.1, `toplabel`). With `dotted` a name of one label is refused.
 */
export function readDomainName(text: string, options: { readonly dotted?: boolean } = {}): Reading<string> {
  const wanted = 'must be a domain name such as example.com';
  const labels = labelsOf(text);
  if (typeof labels === 'string') return refused(`${wanted}: ${labels}`, text);
  if (!labels.every((label) => HOST_LABEL.test(label)))
    return refused(`${wanted}: its labels take letters, digits and inner hyphens`, text);
  if (/^\d+$/.test(labels.at(-1) ?? ''))
    return refused(`${wanted}: not an address, and its last label no number`, text);
  if (options.dotted && labels.length < 2) return refused(`${wanted}: it needs at least one dot`, text);
  return accepted(labels.join('.'));
}

/**
 * Reads an owner name of the DNS: like a domain name, and with underscores in its labels (`_sip._udp.example.com`,
 * RFC 8552), with `*` as the first label (RFC 4592 section 2.1.1), and with hyphens and slashes anywhere (RFC 2317).
 */
export function readDnsName(text: string): Reading<string> {
  const wanted = 'must be a DNS name such as _sip._udp.example.com';
  const labels = labelsOf(text);
  if (typeof labels === 'string') return refused(`${wanted}: ${labels}`, text);
  const plain = labels[0] === '*' && labels.length > 1 ? labels.slice(1) : labels;
  if (!plain.every((label) => OWNER_LABEL.test(label)))
    return refused(
      `${wanted}: its labels take letters, digits, hyphens, underscores, and * only as the whole first one`,
      text,
    );
  return accepted(labels.join('.'));
}

/** Whether the name is the zone's own or lies beneath it. Both in the spelling that the readers give. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** The labels in ASCII lower case, or what is wrong with them. */
function labelsOf(text: string): string[] | string {
  if (text === '' || text === '.') return 'it needs at least one label';
  if (!ASCII_ALLOWED.test(text)) return 'it holds a character that no name may have';
  const ascii = ASCII.test(text) ? text.toLowerCase() : asciiOf(text);
  if (ascii === null) return 'its characters are not allowed in internationalised names';
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (name.length > NAME_MAX) return `it has ${name.length} characters of at most ${NAME_MAX}`;
  const labels = name.split('.');
  for (const label of labels) {
    if (label === '') return 'it has an empty label';
    if (label.length > LABEL_MAX) return `one label has ${label.length} characters of at most ${LABEL_MAX}`;
  }
  return labels;
}

/** Internationalised to ASCII (RFC 5891 by way of UTS 46), or null. */
function asciiOf(text: string): string | null {
  if (text.includes('/')) return null; // a slash would end the host of the URL below
  try {
    return new URL(`http://${text}`).hostname;
  } catch {
    return null;
  }
}
