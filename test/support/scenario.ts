/** Scenarios as data: the steps of a story, and questions whose answers are written down. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';

import { parse } from 'yaml';

import { ACTIONS, type Action } from '#core/action.ts';

/** Entities and holds are called by names of the scenario; the platform is `platform`. */
export type Step =
  | {
      readonly do: 'create';
      readonly as: string;
      readonly kind: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | {
      readonly do: 'hold';
      readonly as: string;
      readonly on: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly do: 'lift' | 'begin' | 'expire'; readonly hold: string }
  | { readonly do: 'close'; readonly what: string }
  | { readonly do: 'move'; readonly what: string; readonly to: string }
  | { readonly do: 'transfer'; readonly what: string; readonly to: string | null }
  | { readonly do: 'profile'; readonly name: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly do: 'lapse'; readonly profile: string }
  | { readonly do: 'refused'; readonly step: Step; readonly code: string; readonly field: string | null }
  | { readonly do: 'ask'; readonly questions: readonly Question[] };

/** How an entity stands, or whether a subject may do something. */
export type Question =
  | { readonly type: 'standing'; readonly of: string; readonly expected: Expected }
  | {
      readonly type: 'decision';
      /** An entity of the scenario, or a name as the outside world writes it. */
      readonly subject: string;
      readonly action: Action;
      readonly destination: string | undefined;
      readonly expected: Expected;
    };

/** The part of an answer that the scenario fixes. */
export type Expected = Readonly<Record<string, unknown>>;

export interface Scenario {
  readonly file: string;
  readonly title: string;
  readonly steps: readonly Step[];
}

type Node = Readonly<Record<string, unknown>>;

const FOLDER = new URL('../scenarios/', import.meta.url);

export async function readScenarios(): Promise<Scenario[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.yaml')).toSorted();
  return Promise.all(
    files.map(async (file) => readScenario(file, parse(await readFile(new URL(file, FOLDER), 'utf8')) as Node)),
  );
}

function readScenario(file: string, { scenario, reason, tree, steps, ...rest }: Node): Scenario {
  assert.deepEqual(Object.keys(rest), [], `${file} has keys that nothing reads`);
  assert.ok(typeof scenario === 'string' && typeof reason === 'string', `${file} needs a scenario and a reason`);
  const creations = (tree as Node[]).map((node) => readStep({ create: node }));
  return { file, title: scenario, steps: [...creations, ...(steps as Node[]).map(readStep)] };
}

function readStep(node: Node): Step {
  const [[key, value] = ['', null], ...more] = Object.entries(node);
  assert.deepEqual(more, [], `a step does one thing: ${JSON.stringify(node)}`);
  const body = (typeof value === 'object' && value !== null ? value : {}) as Node;
  const text = (name: string) => String(body[name]);
  switch (key) {
    case 'create': {
      const { as, kind, ...fields } = body;
      return { do: 'create', as: String(as), kind: String(kind), fields };
    }
    case 'hold': {
      const { as, on, ...fields } = body;
      return { do: 'hold', as: String(as), on: String(on), fields };
    }
    case 'lift':
    case 'begin':
    case 'expire':
      return { do: key, hold: String(value) };
    case 'close':
      return { do: 'close', what: String(value) };
    case 'move':
      return { do: 'move', what: text('what'), to: text('to') };
    case 'transfer':
      return { do: 'transfer', what: text('what'), to: body['to'] === null ? null : text('to') };
    case 'profile': {
      const { name, ...fields } = body;
      return { do: 'profile', name: String(name), fields };
    }
    case 'lapse':
      return { do: 'lapse', profile: String(value) };
    case 'refused': {
      const { code, field, ...step } = body;
      return {
        do: 'refused',
        code: String(code),
        field: field === undefined ? null : String(field),
        step: readStep(step),
      };
    }
    case 'ask':
      return { do: 'ask', questions: (value as Node[]).flatMap(readQuestion) };
    default:
      throw new Error(`no step is called ${key}`);
  }
}

/** The sets of actions that a question may name instead of one. */
const ACTION_SETS: Readonly<Record<string, readonly Action[]>> = {
  all: ACTIONS,
  'all but emergency': ACTIONS.filter((action) => action !== 'call.emergency'),
};
const STANDING_KEYS = new Set(['standing', 'denied', 'intercepted', 'reasons', 'governing']);
const DECISION_KEYS = new Set(['effect', 'standing', 'profile', 'text', 'reasons', 'judged']);

function readQuestion(node: Node): Question[] {
  const { of, may, action, destination, ...expected } = node;
  const known = of === undefined ? DECISION_KEYS : STANDING_KEYS;
  for (const key of Object.keys(expected)) assert.ok(known.has(key), `no answer has ${key}`);
  assert.ok(Object.keys(expected).length > 0, 'a question without an answer shows nothing');
  const sorted = Array.isArray(expected['reasons'])
    ? { ...expected, reasons: expected['reasons'].map(String).toSorted() }
    : expected;
  if (of !== undefined) return [{ type: 'standing', of: String(of), expected: sorted }];
  const actions = typeof action === 'string' ? (ACTION_SETS[action] ?? [action as Action]) : (action as Action[]);
  return actions.map((one) => ({
    type: 'decision',
    subject: String(may),
    action: one,
    destination: destination === undefined ? undefined : String(destination),
    expected: sorted,
  }));
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/** Puts times in the place of offsets such as `+2d`, at any depth. */
export function withTimes<T>(value: T, now: Date): T {
  if (typeof value === 'string') {
    const [, count, unit = ''] = /^\+(\d{1,3})([hd])$/.exec(value) ?? [];
    return count === undefined
      ? value
      : (new Date(now.getTime() + Number(count) * (UNITS[unit] ?? 0)).toISOString() as T); // A text for a text.
  }
  if (Array.isArray(value)) return value.map((element: unknown) => withTimes(element, now)) as T; // Element by element the same.
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withTimes(member, now)])) as T; // Likewise.
}
