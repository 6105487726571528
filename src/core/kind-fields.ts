/** The fields of each kind, and the rules that look at more than one of them. */
import type { Fields, Values } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';
import { readRecordData } from '#core/dns-record-data.ts';
import { accountFields } from '#core/kinds/account.ts';
import { dnsRecordFields, dnsZoneFields, foreignFields, mailboxFields } from '#core/kinds/hosting.ts';
import { applicationFields, enumNumberFields, enumRangeFields, phoneNumberFields } from '#core/kinds/number.ts';
import { sipAccountFields, sipAliasFields, sipDomainFields, trustedPeerFields } from '#core/kinds/sip.ts';

export const KIND_FIELDS: Readonly<Record<Kind, Fields>> = {
  account: accountFields,
  sip_domain: sipDomainFields,
  sip_account: sipAccountFields,
  sip_alias: sipAliasFields,
  trusted_peer: trustedPeerFields,
  phone_number: phoneNumberFields,
  application: applicationFields,
  enum_range: enumRangeFields,
  enum_number: enumNumberFields,
  dns_zone: dnsZoneFields,
  dns_record: dnsRecordFields,
  mailbox: mailboxFields,
  foreign: foreignFields,
};

/** Judges what one field alone cannot tell, and normalises values that depend on each other, in place. */
export function judgeFields(kind: Kind, values: Values, errors: FieldError[]): void {
  switch (kind) {
    case 'phone_number':
      if ((values['e164'] == null) === (values['sipNumber'] == null))
        errors.push({ field: 'e164', message: 'give either e164, such as +31208005100, or sipNumber with its domain' });
      if (values['sipNumber'] != null && values['domain'] == null)
        errors.push({ field: 'domain', message: 'is missing: sipNumber is a number inside one SIP domain' });
      judgeTarget(values, errors);
      break;
    case 'sip_alias':
      judgeTarget(values, errors);
      if (values['target'] == null && values['targetUri'] == null)
        errors.push({ field: 'target', message: 'is missing: give target, or targetUri for an outside one' });
      break;
    case 'trusted_peer':
      if ((values['address'] == null) === (values['host'] == null))
        errors.push({ field: 'address', message: 'give either address or host' });
      break;
    case 'enum_range':
      if (
        typeof values['minDigits'] === 'number' &&
        typeof values['maxDigits'] === 'number' &&
        values['minDigits'] > values['maxDigits']
      )
        errors.push({ field: 'minDigits', message: `must not be greater than maxDigits, ${values['maxDigits']}` });
      break;
    case 'dns_record':
      judgeRecord(values, errors);
      break;
    default:
      break; // Each field alone tells enough.
  }
}

function judgeTarget(values: Values, errors: FieldError[]): void {
  if (values['target'] != null && values['targetUri'] != null)
    errors.push({ field: 'targetUri', message: 'give either target or targetUri' });
}

function judgeRecord(values: Values, errors: FieldError[]): void {
  const { type, value, priority } = values;
  if (typeof type !== 'string' || typeof value !== 'string') return; // already refused field by field
  const reading = readRecordData(type, value, typeof priority === 'number' ? priority : null);
  if (!reading.ok) {
    errors.push({ field: 'value', message: reading.message });
    return;
  }
  values['value'] = reading.value.value;
  values['priority'] = reading.value.priority;
}
