/**
 * Whether an entity fits into its container: what looks at both, such as a record's name within its zone.
 */
import { isWithin } from '#core/domain-name.ts';
import type { Values } from '#core/field.ts';
import type { ContainerNames } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';

/** Judges the values of an entity against those of its container. */
export function judgeContainer(kind: Kind, values: Values, container: ContainerNames, errors: FieldError[]): void {
  const of = container.values;
  switch (kind) {
    case 'enum_number': {
      const digits = String(values['digits']);
      const { prefix, minDigits, maxDigits } = of;
      if (!digits.startsWith(String(prefix)))
        errors.push({ field: 'digits', message: `must begin with the digits of its range, ${String(prefix)}` });
      if (typeof minDigits === 'number' && digits.length < minDigits)
        errors.push({ field: 'digits', message: `must have at least ${minDigits} digits in this range` });
      if (typeof maxDigits === 'number' && digits.length > maxDigits)
        errors.push({ field: 'digits', message: `must have at most ${maxDigits} digits in this range` });
      break;
    }
    case 'dns_record': {
      const name = String(values['name']);
      const zone = String(of['name']);
      if (!isWithin(name.slice(name.indexOf('@') + 1), zone))
        errors.push({ field: 'name', message: `must lie within the zone ${zone}, such as www.${zone}` });
      if (values['type'] === 'CNAME' && name === zone)
        errors.push({ field: 'type', message: 'cannot be CNAME at the apex of a zone' });
      break;
    }
    case 'mailbox': {
      const address = String(values['address']);
      if (container.kind === 'dns_zone' && !isWithin(address.slice(address.indexOf('@') + 1), String(of['name'])))
        errors.push({ field: 'address', message: `must lie within the zone ${String(of['name'])}` });
      break;
    }
    default:
      break; // The other kinds fit into any container of the right kind.
  }
}
