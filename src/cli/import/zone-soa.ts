/** The SOA record of a zone: who answers for it, and its timers. The serial is taken over, so that it never goes back. */
import { readEmailAddress } from '#core/email-address.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';
import { absoluteName, readTtl } from './zone-records.ts';
import type { ZoneToken } from './zone-tokens.ts';

export interface Soa {
  /** The primary master, by name. */
  readonly primary: string;
  readonly email: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

const SERIAL_MAX = 4_294_967_295;

/** Reads the data of an SOA record (RFC 1035 section 3.3.13); times may have units. */
export function readSoa(data: readonly ZoneToken[], origin: string | null): Reading<Soa> {
  const [mname = '', rname = '', serial = '', ...times] = data.map((token) => token.written);
  if (times.length !== 4) return refused(`must have seven fields, and has ${data.length}`);
  const primary = mname === '.' ? accepted('') : absoluteName(mname, origin);
  if (!primary.ok) return refused(`has a primary master that ${primary.message}`);
  const email = readResponsible(rname, origin);
  if (!email.ok) return refused(`has a responsible mailbox that ${email.message}`);
  if (!/^\d{1,10}$/.test(serial) || Number(serial) > SERIAL_MAX)
    return refused(`must have a serial from 0 to ${SERIAL_MAX}`, serial);
  const seconds: number[] = [];
  for (const time of times) {
    const reading = readTtl(time);
    if (!reading.ok) return refused(`has a time that ${reading.message}`);
    seconds.push(reading.value);
  }
  const [refresh = 0, retry = 0, expire = 0, minimum = 0] = seconds;
  return accepted({
    primary: primary.value,
    email: email.value,
    serial: Number(serial),
    refresh,
    retry,
    expire,
    minimum,
  });
}

/** `john\.doe.example.com.` is john.doe@example.com (RFC 1035 section 8); '' when there is none. */
function readResponsible(written: string, origin: string | null): Reading<string> {
  if (written === '.') return accepted('');
  if (/[^\\]@/.test(written)) return readEmailAddress(written.replace(/\.$/, '')); // a common mistake, and plain what is meant
  if (!written.endsWith('.') && origin === null) return refused('is relative, and no $ORIGIN was given', written);
  const name =
    written === '@' ? (origin ?? '') : written.endsWith('.') ? written.slice(0, -1) : `${written}.${origin ?? ''}`;
  const match = /^((?:[^.\\]|\\.)+)\.(.+)$/s.exec(name);
  if (!match) return refused('must be written like hostmaster.example.com.', written);
  return readEmailAddress(`${(match[1] ?? '').replace(/\\(.)/gs, '$1')}@${match[2] ?? ''}`);
}
