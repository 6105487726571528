/**
 * A tree of accounts five levels deep, each with a client in one organization that is none of theirs and a number that
 * rings it; and what registering, calls and messages of each come to.
 */
import type { Action } from '#core/action.ts';
import { createEntity } from '#operations/create-entity.ts';
import type { OperationContext } from '#operations/context.ts';

import { ADMIN } from './installation.ts';
import { ha1Of } from './sip-agent.ts';
import { type TelephonyAccount, addAccount } from './telephony-world.ts';

/** The domain of the organization: it lies in an account of its own. */
export const ORGANIZATION = 'line.example';

/** M > a > b > c > d; `s` is a sibling of a, `other` stands in another line. */
export const LINE = ['m', 'a', 'b', 'c', 'd', 's', 'other'] as const;
export type LineName = (typeof LINE)[number];

const PARENT: Readonly<Record<LineName, LineName | null>> = {
  m: null,
  a: 'm',
  b: 'a',
  c: 'b',
  d: 'c',
  s: 'm',
  other: null,
};

/** An account with all above it, itself first. */
export function lineOf(name: LineName): LineName[] {
  const parent = PARENT[name];
  return parent === null ? [name] : [name, ...lineOf(parent)];
}

export interface Line {
  readonly name: LineName;
  readonly account: TelephonyAccount;
  readonly client: string;
  readonly aor: string;
  readonly number: string;
  readonly e164: string;
}

export interface LineWorld {
  readonly lines: Readonly<Record<LineName, Line>>;
  readonly domain: { readonly id: string; readonly number: number };
}

export const linePassword = (name: LineName) => `secret of ${name}`;

export async function makeLineWorld(context: OperationContext): Promise<LineWorld> {
  const house = await addAccount(context);
  const { value: domain } = await createEntity(context, ADMIN, {
    kind: 'sip_domain',
    parent: house.id,
    domain: ORGANIZATION,
  });
  const lines: Partial<Record<LineName, Line>> = {};
  for (const [place, name] of LINE.entries()) {
    const parent = PARENT[name];
    const account = await addAccount(context, parent === null ? null : (lines[parent]?.account ?? null));
    const { value: client } = await createEntity(context, ADMIN, {
      kind: 'sip_account',
      parent: domain.id,
      owner: account.id,
      username: name,
      ha1: ha1Of(name, ORGANIZATION, linePassword(name)),
    });
    const e164 = `+3120900510${place}`;
    const number = { kind: 'phone_number', parent: account.id, e164, target: client.id };
    const { value: phone } = await createEntity(context, ADMIN, number);
    lines[name] = { name, account, client: client.id, aor: `${name}@${ORGANIZATION}`, number: phone.id, e164 };
  }
  return { lines: lines as LineWorld['lines'], domain }; // Each name was passed.
}

/** What is judged of a line: an action, and whose it is. */
export const JUDGED: readonly (readonly ['client' | 'number', Action])[] = [
  ['client', 'register'],
  ['client', 'call.out'],
  ['client', 'call.in'],
  ['client', 'message.out'],
  ['client', 'message.in'],
  ['number', 'call.in'],
  ['number', 'message.in'],
];
