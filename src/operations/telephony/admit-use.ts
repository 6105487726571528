/** Whether a call or a message may be handed over: by the account for which it is, and by both ends where they are ours. */
import type { Action } from '#core/action.ts';
import { problem } from '#core/problem.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { type EntityState, getState } from '#store/entity.ts';
import { readTelephonyRows } from '#store/telephony-account.ts';

import { type RefusingFace, countRefusal } from './count-refusal.ts';
import { requireConsuming } from './require-operating.ts';

/** Calls or messages, from and to somebody. */
export type Use = 'call' | 'message';

/**
 * Throws `held` when the account may not consume, as it is now; it is counted as a refusal of the account.
 */
export async function admitAccount(
  context: OperationContext,
  face: RefusingFace,
  accountId: number,
  use: Use,
): Promise<EntityState> {
  const account = await getState(reader(context), accountId);
  try {
    requireConsuming(account);
  } catch (refusal) {
    await countRefusal(context, face, { entityId: account.id, action: `${use}.out` });
    throw refusal;
  }
  return account;
}

/**
 * Throws `held` when who calls, or who is called, is ours and may not now; it is counted as a refusal of that one.
 * Whoever is not ours is for the platform to judge.
 */
export async function admitEnds(
  context: OperationContext,
  face: RefusingFace,
  account: EntityState,
  use: Use,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const [row] = await readTelephonyRows(reader(context), [account.id]);
  const domain = row?.organization_domain ?? null;
  const find = (text: string) =>
    subjectsOf(text, domain)
      .map((subject) => context.engine.find(subject))
      .find((id) => id !== null) ?? null;
  const [caller, callee] = [find(from), find(to)];
  if (caller !== null) await judge(context, face, caller, `${use}.out`, from, use === 'call' ? to : undefined);
  if (callee !== null) await judge(context, face, callee, `${use}.in`, to);
}

async function judge(
  context: OperationContext,
  face: RefusingFace,
  entityId: number,
  action: Action,
  name: string,
  destination?: string,
): Promise<void> {
  const { effect, refusal } = context.engine.decideFor(
    entityId,
    action,
    destination === undefined ? undefined : { destination },
  );
  if (effect === 'allow') return;
  if (effect === 'unknown') throw problem('unavailable', 'It is not known now whether this may be.');
  await countRefusal(context, face, { entityId, action, profile: refusal?.profile ?? null });
  const what = action.endsWith('.out') ? 'send or call' : 'be reached';
  throw problem('held', `${name} cannot ${what}: the account is not active.`, {
    facts: { action, refusal: refusal?.text ?? null },
  });
}

const CLIENT = 'client:';

/** What an end may be among ours: a client, a SIP address, a number, or a number of the organization alone. */
function subjectsOf(text: string, domain: string | null): string[] {
  const inDomain = (user: string) => (domain === null ? [] : [`sip:${user}@${domain}`]);
  if (text.startsWith(CLIENT)) return inDomain(text.slice(CLIENT.length));
  if (/^sips?:/i.test(text)) return [text];
  const digits = text.replace(/[\s().-]/g, '');
  const number = digits.startsWith('+') ? digits : `+${digits}`;
  return [`tel:${number}`, ...inDomain(digits)];
}
