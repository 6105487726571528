/** Kamailio, which is told to end calls and registrations, and to read its tables again. */
import { ACTION_BIT } from '#core/action.ts';
import type { Json, Values } from '#core/field.ts';
import { accepted, refused } from '#core/reading.ts';
import { LOCAL_PACE, type SystemKind, type TargetFacts, sameState } from '#core/system-kind.ts';

import { type Ends, endsOf, endsToTell } from './ends.ts';
import { httpUrl } from './url.ts';

type Ending = 'calls' | 'registrations';

const ENDING = {
  calls: ACTION_BIT['call.out'] | ACTION_BIT['call.in'],
  registrations: ACTION_BIT['register'],
} as const;

/** What of the node ends, and with tables what they say of it: they change with every hold and lift. */
export type KamailioState = Ends<Ending> & { readonly tables?: Json };

/** What is to be done to come from one state to the other. `from` is null where nothing was told yet. */
export interface KamailioWork {
  readonly calls: boolean;
  readonly registrations: boolean;
  readonly tables: boolean;
}

const UNTOUCHED: Json = { denied: 0, intercepted: 0, closed: false };
/** More tables than this are a mistake. */
const TABLES_MAX = 64;

export function kamailioWork(from: Json, to: Json): KamailioWork {
  const told = endsToTell<Ending>(from, to, ['calls', 'registrations']);
  const after = tablesIn(to);
  return {
    calls: told.includes('calls'),
    registrations: told.includes('registrations'),
    tables: after !== null && !sameState(tablesIn(from) ?? UNTOUCHED, after),
  };
}

function tablesIn(state: Json): Json {
  if (typeof state !== 'object' || state === null || !('tables' in state)) return null;
  return state.tables ?? null;
}

/** The names of the hash tables that are read again; none where the setting is absent. */
export function tablesOf(settings: Values): readonly string[] {
  const { tables } = settings;
  return Array.isArray(tables) ? tables.filter((name: Json) => typeof name === 'string') : [];
}

function desired(facts: TargetFacts, settings: Values): Json {
  const ends = endsOf<Ending>(facts, ENDING);
  if (tablesOf(settings).length === 0) return { ...ends };
  const { denied, intercepted, closed } = facts;
  return { ...ends, tables: { denied, intercepted, closed: closed || facts.ownerClosed } };
}

function verb(from: Json, to: Json): string | null {
  const { calls, registrations, tables } = kamailioWork(from, to);
  const ended = [...(calls ? ['calls'] : []), ...(registrations ? ['registrations'] : [])];
  const words = [...(ended.length > 0 ? [`end ${ended.join(' and ')}`] : []), ...(tables ? ['reload tables'] : [])];
  return words.length === 0 ? null : words.join(', ');
}

export const kamailio: SystemKind = {
  name: 'kamailio',
  note: 'A Kamailio, whose calls and registrations end with a hold.',
  reach: 'node',
  serves: ['account', 'sip_domain', 'sip_account', 'sip_alias', 'phone_number', 'trusted_peer'],
  settings: {
    url: httpUrl('Its JSON-RPC, such as http://127.0.0.1:5065/RPC.'),
    tables: {
      type: 'text_list',
      max: TABLES_MAX,
      note: 'Hash tables that it reads again with every hold and lift, where its configuration keeps standings in them.',
      read: (text) =>
        /^\w+$/.test(text) ? accepted(text) : refused('must be the name of a hash table: letters, digits and _', text),
    },
  },
  secrets: {},
  pace: LOCAL_PACE,
  observes: false,
  readReference: () => refused('cannot be given: it is told of whatever is held'),
  desired,
  verb,
};
