/** Random trees, callers and what they try, as plain data that fast-check makes shorter when it fails. */
import fc from 'fast-check';

import type { Doing, Level, Matter, ModelLogin, ModelProfile } from './lifting-model.ts';
import { ROLE } from './lifting-model.ts';

const index = fc.nat(1_000);
const DOINGS: readonly Doing[] = ['place', 'lift', 'move', 'transfer', 'close', 'update', 'create'];
const ROLES = Object.keys(ROLE) as ModelLogin['role'][]; // Its own keys.

export const trees = fc.record({
  accounts: fc.array(fc.record({ parent: index, isReseller: fc.boolean() }), { minLength: 3, maxLength: 9 }),
  domains: fc.array(fc.record({ parent: index }), { minLength: 1, maxLength: 3 }),
  sipAccounts: fc.array(fc.record({ parent: index, owner: fc.option(index) }), { minLength: 1, maxLength: 4 }),
  logins: fc.array(
    fc.record({
      account: index,
      role: fc.oneof({ weight: 3, arbitrary: fc.constant('administrator' as const) }, fc.constantFrom(...ROLES)),
      scope: fc.option(fc.uniqueArray(fc.constantFrom(...DOINGS), { minLength: 1 }), { freq: 4 }),
    }),
    { minLength: 2, maxLength: 8 },
  ),
});
export type TreeSketch = typeof trees extends fc.Arbitrary<infer T> ? T : never;

export const steps = fc.record({
  // Most is about holds; what is closed is closed for ever, so that little is.
  doing: fc.oneof(
    { weight: 30, arbitrary: fc.constant('place' as const) },
    { weight: 40, arbitrary: fc.constant('lift' as const) },
    { weight: 12, arbitrary: fc.constant('move' as const) },
    { weight: 6, arbitrary: fc.constant('transfer' as const) },
    { weight: 1, arbitrary: fc.constant('close' as const) },
    { weight: 8, arbitrary: fc.constant('update' as const) },
    { weight: 4, arbitrary: fc.constant('create' as const) },
  ),
  login: index,
  actAs: fc.option(index, { freq: 3 }),
  on: index,
  to: fc.option(index, { freq: 8 }),
  flag: fc.boolean(),
  profile: fc.oneof(
    { weight: 6, arbitrary: fc.constant<ModelProfile>('calls_barred') },
    { weight: 1, arbitrary: fc.constantFrom<ModelProfile>('suspended', 'limited') },
  ),
  level: fc.option(fc.constantFrom<Level>('customer', 'reseller', 'platform'), { freq: 3 }),
  matter: fc.option(fc.constantFrom<Matter>('wish', 'technical', 'billing', 'general', 'fraud', 'legal'), { freq: 3 }),
});
export type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;
