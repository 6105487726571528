/** A zone with records of every form, and an ENUM range, beneath the account of the sample operator. */
import type { Operator } from '#test/operator.ts';

export const ZONE = 'example.com';
export const RANGE = '5.0.0.8.0.2.1.3.e164.arpa';
/** The name of +31208005100. */
export const NUMBER = `0.0.1.${RANGE}`;

export interface DnsWorld {
  readonly zone: string;
  readonly range: string;
  readonly number: string;
  /** A record of the account, and one of the owner in the same zone. */
  readonly www: string;
  readonly rented: string;
  /** A number of the owner in the account's range. */
  readonly rentedNumber: string;
  record(name: string, type: string, value: string, fields?: object, owner?: string): Promise<string>;
}

export const mapping = (uri: string) => ({
  order: 100,
  preference: 10,
  flags: 'u',
  service: 'E2U+sip',
  regexp: `!^.*$!${uri}!`,
});

export async function makeDnsWorld(operator: Operator, fields: object = {}): Promise<DnsWorld> {
  const { account, owner, other } = operator.entities;
  const zone = await operator.create('dns_zone', account.id, {
    name: ZONE,
    email: 'john.doe@example.com',
    nameservers: ['ns1.example.net', 'ns2.example.net'],
    serial: 2_024_010_101,
    ...fields,
  });
  const record = async (name: string, type: string, value: string, more: object = {}, of?: string) =>
    (await operator.create('dns_record', zone.id, { name, type, value, ...more }, of)).id;
  await record(ZONE, 'A', '192.0.2.1');
  const www = await record('www.example.com', 'A', '192.0.2.2', { ttl: 77 });
  const rented = await record('rented.example.com', 'A', '192.0.2.3', {}, owner.id);
  const range = await operator.create('enum_range', account.id, {
    prefix: '31208005',
    nameservers: ['ns1.example.net'],
  });
  const number = await operator.create('enum_number', range.id, {
    digits: '31208005100',
    mappings: [mapping('sip:info@example.com')],
  });
  const rentedNumber = await operator.create(
    'enum_number',
    range.id,
    { digits: '31208005101', mappings: [mapping('sip:rented@example.com')] },
    owner.id,
  );
  const aside = await operator.create('dns_zone', other.id, {
    name: 'aside.example',
    nameservers: ['ns1.example.net'],
  });
  await operator.create('dns_record', aside.id, { name: 'aside.example', type: 'A', value: '192.0.2.200' });
  return { zone: zone.id, range: range.id, number: number.id, www, rented, rentedNumber: rentedNumber.id, record };
}
