/** Who may create, and where: beneath the own account, while its reseller is active; resellers by the platform alone. */
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { problem } from '#core/problem.ts';
import { replaceProperties } from '#core/property.ts';
import { manages, requirePermission } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import { asProperties, notEntitled } from '#operations/properties.ts';

import type { ReadItem } from './read-item.ts';

/** Throws `forbidden` for what the actor may not create there. */
export function refuseUnentitled(
  actor: Actor,
  item: ReadItem,
  parent: { readonly label: string; readonly line: number[] },
): void {
  requirePermission(actor, 'entity:create');
  if (!manages(actor, parent))
    throw problem(
      'forbidden',
      `${parent.label} is only assigned to your account; what it contains is not yours to make.`,
    );
  if (actor.isInactiveReseller)
    throw problem('forbidden', 'The reseller is not active: it cannot create customers or records.');
  if (item.kind !== 'account') {
    refuseReserved(actor, item);
    return;
  }
  if (item.values['reseller'] === true && actor.authority !== 'platform')
    throw problem('forbidden', 'reseller: only the platform creates resellers.', {
      errors: [{ field: 'reseller', message: 'is for the platform to set' }],
    });
  if (item.references.has('impersonate')) requirePermission(actor, 'login:write');
  const { refused } = replaceProperties([], asProperties(item.values['properties']), actor.authority);
  if (refused.length > 0) throw notEntitled(refused);
}

/** What the platform alone may say of a resource, such as at which provider a number is: it is given back by that. */
function refuseReserved(actor: Actor, { kind, values }: ReadItem): void {
  if (actor.accountId === 0) return;
  const errors = Object.entries(KIND_FIELDS[kind])
    .filter(([name, field]) => field.by === 'platform' && values[name] != null)
    .map(([field]) => ({ field, message: 'is for the platform to set' }));
  if (errors.length > 0)
    throw problem('forbidden', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), { errors });
}
