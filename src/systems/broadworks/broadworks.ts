/** The driver of BroadWorks: a session for each of the calls that may run at once, and one log-in form for all. */
import type { Json, Values } from '#core/field.ts';
import { broadworksReference } from '#core/systems/broadworks-reference.ts';
import type { Intercept } from '#core/systems/broadworks-intercept.ts';
import type { Call, MakeDriver, Observation, Order, Outcome } from '#systems/system.ts';

import { converge, stateOf } from './converge.ts';
import { BroadworksFailure, makeRedact } from './failure.ts';
import { differences } from './intercept-elements.ts';
import { toJson } from './kept.ts';
import { LogIn, type LogInForm } from './log-in.ts';
import { type Desk, look } from './look.ts';
import { Session } from './session.ts';
import type { Place } from './transport.ts';

const PORT = { tcp: 2208, tls: 2209 };

export const makeBroadworksDriver: MakeDriver = ({ settings, secrets }) => {
  const place = placeOf(settings);
  const password = typeof secrets['password'] === 'string' ? secrets['password'] : null;
  const userId = String(settings['userId'] ?? '');
  const redact = makeRedact(password === null ? [] : [password]);
  const logIn = new LogIn({ userId, password }, formsOf(settings, place, password), redact);
  const sessions = new Map<number, Session>();
  const sessionOf = (slot: number): Session => {
    const session =
      sessions.get(slot) ?? new Session({ place, userId, logIn, family: String(settings['family'] ?? 'auto') });
    sessions.set(slot, session);
    return session;
  };
  const deskOf = (order: Order, { slot, timeoutMs, signal }: Omit<Call, 'keep'>): Desk | null => {
    const reference = broadworksReference(order.reference);
    return reference === null ? null : { session: sessionOf(slot), reference, redact, options: { timeoutMs, signal } };
  };
  return {
    async converge(order, call): Promise<Outcome> {
      const desk = deskOf(order, call);
      if (desk !== null) return converge(desk, order, call);
      return { type: 'never', code: 'reference_invalid', detail: 'the reference names neither a group nor a user' };
    },
    async observe(order, call): Promise<Observation> {
      const desk = deskOf(order, call);
      if (desk === null)
        return { type: 'unseen', code: 'reference_invalid', detail: 'the reference names neither a group nor a user' };
      try {
        return await observe(desk, order);
      } catch (error) {
        if (!(error instanceof BroadworksFailure)) throw error;
        return { type: 'unseen', code: error.code, detail: redact(error.message) };
      }
    },
    async close() {
      await Promise.all([...sessions.values()].map((session) => session.close()));
      sessions.clear();
    },
  };
};

/** What is there in the words of the desired state. Announcements are taken as they should be: nobody can read them. */
async function observe(desk: Desk, order: Order): Promise<Observation> {
  const desired = stateOf(order.desired);
  // What a customer configures while nothing is held is no business of ours.
  if (desired.intercept === null) return { type: 'seen', state: order.desired };
  const { found, stopsEmergency } = await look(desk);
  const wrong = differences(desk.session.family, desired.intercept, found);
  const seen: Partial<Record<keyof Intercept, Json>> = {};
  for (const name of wrong) seen[name] = found.intercept[name] as Json; // No file is ever among the differences.
  const state = { ...desired, intercept: { ...desired.intercept, ...seen } };
  return {
    type: 'seen',
    state: toJson(state),
    detail: toJson({ differs: wrong, emergencyAndRepairIntercept: stopsEmergency }),
  };
}

function placeOf(settings: Values): Place {
  const ca = typeof settings['ca'] === 'string' ? settings['ca'] : undefined;
  const transport = settings['transport'] ?? 'tls';
  if (transport === 'soap') return { transport, url: new URL(String(settings['url'])), ca };
  const host = String(settings['host']);
  const port = typeof settings['port'] === 'number' ? settings['port'] : null;
  if (transport === 'tcp') return { transport, host, port: port ?? PORT.tcp };
  return { transport: 'tls', host, port: port ?? PORT.tls, ca };
}

/** The password itself travels over an encrypted connection alone. */
function formsOf(settings: Values, place: Place, password: string | null): readonly LogInForm[] {
  const isEncrypted = place.transport === 'tls' || (place.transport === 'soap' && place.url.protocol === 'https:');
  const mode = settings['login'] ?? 'auto';
  if (!isEncrypted || password === null || mode === 'two-step') return ['two-step'];
  return mode === 'one-step' ? ['one-step'] : ['one-step', 'two-step'];
}
