/**
 * Logins of many accounts at once, as when they come over from another platform: what takes long is done before the
 * transaction, so that nobody waits for it.
 */
import { readReference } from '#core/identifier.ts';
import { sidOf } from '#core/sid.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { isMd5 } from '#operations/identity/account-login.ts';
import { hashPassword } from '#operations/identity/password.ts';
import type { Work } from '#operations/perform.ts';
import { findEntity } from '#store/entity.ts';
import { findAccountLogin } from '#store/login.ts';

import { putAccountLoginWithin } from './put-account-login.ts';

type Input = Readonly<Record<string, unknown>>;

export interface LoginItem {
  readonly entity: string | number;
  readonly body: Input;
}

/** As many at once as a server hashes; those who sign in meanwhile wait for two at the most. */
const AT_ONCE = 2;

/**
 * The hashes of passwords whose MD5 the platform gives, by the items of which they are. None for an account that has a
 * login already and is to keep it.
 */
export async function hashAhead<T extends LoginItem>(
  context: OperationContext,
  actor: Actor,
  items: readonly T[],
): Promise<ReadonlyMap<T, string>> {
  const hashes = new Map<T, string>();
  if (actor.accountId !== 0) return hashes; // Nobody else may give an MD5: that is refused without any work.
  const left = items.values();
  const worker = async () => {
    for (const item of left) {
      const { passwordMd5, onlyNew } = item.body;
      if (typeof passwordMd5 !== 'string' || !isMd5(passwordMd5)) continue;
      if (onlyNew === true && (await hasLogin(context, item.entity))) continue;
      hashes.set(item, await hashPassword(passwordMd5));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return hashes;
}

async function hasLogin(context: OperationContext, id: string | number): Promise<boolean> {
  const session = reader(context);
  const reference = readReference(id);
  const account = reference.ok ? await findEntity(session, reference.value) : null;
  return account !== null && (await findAccountLogin(session, account.uuid)) !== null;
}

/** Gives one account its login. What it answers has no secret, since answers of bulk requests are kept. */
export async function putLoginItem(
  work: Work,
  { entity, body }: LoginItem,
  passwordHash: string | undefined,
): Promise<{ readonly body: { readonly sid: string }; readonly isNew: boolean }> {
  const { onlyNew, ...input } = body;
  const options = { passwordHash, isOnlyNew: onlyNew === true };
  const { account, isNew } = await putAccountLoginWithin(work, entity, input, options);
  return { body: { sid: sidOf('account', account.uuid) }, isNew };
}
