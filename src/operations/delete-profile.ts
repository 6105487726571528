/** Removes a profile that no hold has ever named. */
import { problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { bodyOf } from '#operations/put-profile.ts';
import { notFound } from '#operations/resolve.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { type Profile, countProfileHolds, deleteProfile as deleteRow, lockProfile } from '#store/profile.ts';

/** Throws `not_found`, `forbidden` for a built-in one, `conflict` while holds name it, ended ones included. */
export function deleteProfile(
  context: OperationContext,
  actor: Actor,
  name: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<Profile>> {
  return perform(context, actor, { lock: 'none', idempotency }, async ({ transaction, actor: asking }) => {
    const profile = await lockProfile(transaction, name);
    if (profile === null) throw notFound(`profile ${name}`);
    requirePermission(asking, 'profile:write');
    if (profile.builtin) throw problem('forbidden', `The profile ${name} is built in; it can be edited, not removed.`);
    const { open, ended } = await countProfileHolds(transaction, name);
    if (open + ended > 0)
      throw problem(
        'conflict',
        `${open} holds name the profile ${name} and ${ended} ended ones did; it stays for the record.`,
        {
          facts: { open, ended },
        },
      );
    await deleteRow(transaction, name);
    transaction.record({
      kind: 'profile.removed',
      entityId: null,
      facts: { name, before: bodyOf(profile) },
      touched: [],
    });
    return profile;
  });
}
