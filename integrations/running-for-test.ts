/** A call and a mail session that run while something happens, and what is to be seen of them. */
import assert from 'node:assert/strict';

import { waitUntil } from '#test/barrier.ts';
import { type SipMessage, headerOf } from '#test/sip-agent.ts';

import { type Chain, dig } from './chain-for-test.ts';
import type { Customer } from './customer-for-test.ts';
import { imapAnswer } from './dovecot/line-client.ts';

export interface Running {
  /** Fails unless the call, the session and what the name server keeps are there. */
  assertGoesOn(): Promise<void>;
  /** Fails unless they end, and the parties of the call are told why in these words. */
  assertEnds(words: RegExp): Promise<void>;
}

/** Begins a call and a session that waits, of a customer who may. */
export async function startRunning(chain: Chain, customer: Customer): Promise<Running> {
  const call = await customer.call();
  assert.equal(call.code, 200);
  const { client: session } = await customer.signIn();
  assert.match(await imapAnswer(session, 'SELECT INBOX'), /^OK/);
  session.send('i IDLE');
  await session.until(/^\+ idling/);
  const { phone, friend } = customer;
  const isBye = (one: SipMessage) => one.words === 'BYE' && headerOf(one, 'Call-ID') === headerOf(call, 'Call-ID');
  return {
    async assertGoesOn() {
      assert.equal(await dig(chain, 'www.voice.example', 'A'), '192.0.2.7', 'the name server remembers it');
      assert.equal((await phone.inDialog('INFO', call)).code, 200, 'the call goes on');
      session.send('DONE');
      assert.match((await session.until(/^i /)).at(-1) ?? '', /^i OK/, 'the session goes on');
      session.send('i IDLE');
      await session.until(/^\+ idling/);
    },
    async assertEnds(words) {
      assert.equal(await dig(chain, 'www.voice.example', 'A'), 'REFUSED');
      assert.match((await session.until(/^\* BYE/)).at(-1) ?? 'end', /^\* BYE/);
      for (const { requests } of [phone, friend])
        await waitUntil('the call has ended', () => requests.some((one) => isBye(one)));
      const told = phone.requests.find((one) => isBye(one));
      assert.match(told === undefined ? '' : headerOf(told, 'Reason'), words);
      assert.equal((await customer.registerFriend()).code, 200, 'nobody else is concerned');
    },
  };
}
