/** Writes the built-in profiles that an installation does not have yet. Edited ones stay as they are. */
import { BUILTIN_PROFILES } from '#core/profile.ts';
import type { OperationContext } from '#operations/context.ts';
import { systemAuthor } from '#store/change.ts';
import { listProfiles, writeProfile } from '#store/profile.ts';
import { transact } from '#store/transaction.ts';

const ACTOR = 'system:start';

export async function seedProfiles({ pool, chainKey }: Pick<OperationContext, 'pool' | 'chainKey'>): Promise<void> {
  await transact(pool, chainKey, 'exclusive', systemAuthor(ACTOR), async (transaction) => {
    const known = new Set((await listProfiles(transaction)).map((profile) => profile.name));
    for (const [name, body] of Object.entries(BUILTIN_PROFILES)) {
      if (known.has(name)) continue;
      const { version } = await writeProfile(transaction, name, body, { builtin: true, actor: ACTOR });
      transaction.record({
        kind: 'profile.changed',
        entityId: null,
        facts: { name, version, ...body },
        touched: [],
      });
    }
  });
}
