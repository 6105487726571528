/** What a situation is, and requests that several of them have in common. */
import type { ProblemCode } from '#core/problem.ts';

import type { FaceName, ParityWorld, Put, Role } from './parity-world.ts';

/** This face has no such request, and why. */
export interface Cannot {
  readonly cannot: string;
}
export type Asked = Put | Cannot;

export interface Situation {
  readonly name: string;
  readonly by: Role;
  readonly code: ProblemCode | 'ok';
  readonly asked: (world: ParityWorld) => Readonly<Record<FaceName, Asked>>;
  /** What the contract of a face demands instead, and why. */
  readonly differs?: Partial<Readonly<Record<FaceName, readonly [code: ProblemCode | 'ok', why: string]>>>;
}

export const get = (path: string): Put => ({ method: 'GET', path });
export const post = (path: string, body: object = {}): Put => ({ method: 'POST', path, body });
export const remove = (path: string): Put => ({ method: 'DELETE', path });
export const cannot = (why: string): Cannot => ({ cannot: why });

export const NO_UUID = '00000000-0000-4000-8000-00000000dead';
export const STRONG = 'Strong-Parity-Pass-1!';
export const NO_EMAIL = cannot('its accounts have neither e-mail nor password');

/** A request about one account as such. */
export const ofAccount =
  (pick: Role, nativePath: (id: string) => Put, other: (path: string) => Put): Situation['asked'] =>
  ({ cast }) => ({
    native: nativePath(cast[pick].id),
    restcomm: other(`/Accounts/${cast[pick].sid}`),
    twilio: other(`/Accounts/${cast[pick].sid}`),
  });
export const readingOf = (pick: Role) => ofAccount(pick, (id) => get(`/entities/${id}`), get);
export const suspend = (pick: Role) =>
  ofAccount(
    pick,
    (id) => post(`/entities/${id}/holds`, { profile: 'suspended', source: 'status', externalRef: 'parity' }),
    (path) => post(path, { Status: 'suspended' }),
  );
export const close = (pick: Role) =>
  ofAccount(
    pick,
    (id) => post(`/entities/${id}/close`),
    (path) => post(path, { Status: 'closed' }),
  );
export const rename = (pick: Role) =>
  ofAccount(
    pick,
    (id) => ({ method: 'PATCH', path: `/entities/${id}`, body: { name: 'renamed' } }),
    (path) => post(path, { FriendlyName: 'renamed' }),
  );
