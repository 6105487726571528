/**
 * Situations that every face knows, as each of them is asked: the code of the refusal is the same on all, unless the
 * contract of a face demands another. A next face adds one member to each situation, and the compiler asks for it.
 */
import { ACCOUNTS, CALLERS, CREATIONS } from './parity-accounts.ts';
import type { Situation } from './parity-asked.ts';
import { REQUESTS, THINGS } from './parity-things.ts';

export const SITUATIONS: readonly Situation[] = [...CALLERS, ...ACCOUNTS, ...CREATIONS, ...THINGS, ...REQUESTS];
