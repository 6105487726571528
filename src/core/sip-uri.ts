/**
 * URIs of targets outside: where a number or an alias leads when that is none of our own entities.
 *
 * The user part keeps its case, for only the foreign server knows what it means; scheme and host are lower case.
 */
import { readDomainName } from '#core/domain-name.ts';
import { readE164 } from '#core/e164.ts';
import { readIpAddress } from '#core/ip-address.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

const URI_MAX = 255;

const USER_INFO = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:]|%[0-9A-Fa-f]{2})+$/;
/** Parameters and headers: visible ASCII without what ends a URI (`<>"@`) or escapes in a header it is put in (a backslash). */
const REST = /^[;?][!#-;=?A-[\]-~]*$/;
const HOST_AND_REST = /^(\[[^\]]*\]|[^:;?[\]]+)(?::(\d{1,5}))?([;?].*)?$/s;
const LOCAL_NUMBER = /^[0-9A-Fa-f*#().-]+;phone-context=[A-Za-z0-9+.-]+(?:;[^\s<>"@]*)?$/;

/** Reads a `sip:` or `sips:` URI (RFC 3261 section 19.1) or a `tel:` URI (RFC 3966), of at most 255 characters. */
export function readSipUri(text: string): Reading<string> {
  const wanted = 'must be a URI such as sip:alice@example.com or tel:+31208005100';
  const match = /^(sips?|tel):(.+)$/is.exec(text);
  if (!match) return refused(wanted, text);
  const scheme = (match[1] ?? '').toLowerCase();
  const reading = scheme === 'tel' ? readTel(match[2] ?? '') : readSip(match[2] ?? '');
  if (!reading.ok) return refused(`${wanted}: ${reading.message}`);
  const uri = `${scheme}:${reading.value}`;
  return uri.length > URI_MAX ? refused(`${wanted}, of at most ${URI_MAX} characters`, text) : accepted(uri);
}

function readTel(rest: string): Reading<string> {
  if (rest.startsWith('+')) return readE164(rest);
  return LOCAL_NUMBER.test(rest)
    ? accepted(rest)
    : refused('a local number needs its ;phone-context=, an international one its +', rest);
}

function readSip(rest: string): Reading<string> {
  const at = rest.indexOf('@');
  const user = at < 0 ? null : rest.slice(0, at);
  if (user !== null && !USER_INFO.test(user)) return refused('the part before @ must be a SIP user', user);
  const parts = HOST_AND_REST.exec(rest.slice(at + 1));
  if (!parts) return refused('a host must follow', rest);
  const [, host = '', port, parameters = ''] = parts;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return refused('the port must be from 1 to 65535', port);
  if (parameters !== '' && !REST.test(parameters))
    return refused('its parameters must be plain characters', parameters);
  const hostReading = readHost(host);
  if (!hostReading.ok) return hostReading;
  return accepted(
    `${user === null ? '' : `${user}@`}${hostReading.value}${port === undefined ? '' : `:${port}`}${parameters}`,
  );
}

function readHost(host: string): Reading<string> {
  if (host.startsWith('[')) {
    const address = readIpAddress(host.slice(1, -1));
    return address.ok ? accepted(`[${address.value}]`) : address;
  }
  const address = readIpAddress(host);
  return address.ok ? address : readDomainName(host);
}
