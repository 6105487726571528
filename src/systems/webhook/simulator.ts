/** Plays the receiver of a webhook: it verifies signatures by the library of Standard Webhooks, and keeps what it took. */
import { Webhook } from 'standardwebhooks';

import { type Asked, type Replied, type Simulator, startSimulator } from '../simulator.ts';

export interface Received {
  readonly id: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

export interface Receiver extends Simulator {
  /** What was verified and taken, in the order of arrival; the same message may be there twice. */
  readonly received: readonly Received[];
  /** Requests whose signature was wrong. */
  readonly refused: readonly string[];
  /** All that came, verified or not. */
  readonly asked: readonly Asked[];
  /** Answers in place of 204; null: 204. */
  answer: (asked: Asked) => Replied | null;
}

export interface ReceiverOptions {
  /** Without one nothing is verified. */
  readonly secret?: string;
  readonly knobs?: Parameters<typeof startSimulator>[1] extends { knobs?: infer K } | undefined ? K : never;
}

export async function startReceiver({ secret, knobs }: ReceiverOptions = {}): Promise<Receiver> {
  const verifier = secret === undefined ? null : new Webhook(secret);
  const state: { received: Received[]; refused: string[]; asked: Asked[]; answer: Receiver['answer'] } = {
    received: [],
    refused: [],
    asked: [],
    answer: () => null,
  };
  const simulator = await startSimulator(
    (asked) => {
      state.asked.push(asked);
      const own = state.answer(asked);
      if (own !== null) return own;
      if (verifier === null) return { status: 204 };
      try {
        const body = verifier.verify(asked.body, asked.headers as Record<string, string>) as Received['body'];
        state.received.push({ id: String(asked.headers['webhook-id']), body });
        return { status: 204 };
      } catch (error) {
        state.refused.push(String(error));
        return { status: 401, body: 'the signature is wrong' };
      }
    },
    knobs === undefined ? {} : { knobs },
  );
  return Object.defineProperties(simulator, {
    received: { get: () => state.received },
    refused: { get: () => state.refused },
    asked: { get: () => state.asked },
    answer: {
      get: () => state.answer,
      set: (answer: Receiver['answer']) => {
        state.answer = answer;
      },
    },
  }) as Receiver;
}
