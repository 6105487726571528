/** What a customer has: a phone, a mailbox, an access line, an application, and a friend elsewhere who is called. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { type Cleanup } from '#test/database.ts';
import { run } from '#test/real-server.ts';
import { type Credentials, SipAgent, type SipMessage, headerOf } from '#test/sip-agent.ts';

import { type Chain, dig } from './chain-for-test.ts';
import { type LineClient, imapAnswer, openImap } from './dovecot/line-client.ts';

const PASSWORD = 'secret-of-all-here';
const credentialsOf = (username: string): Credentials => ({ username, password: PASSWORD });

export interface Customer {
  /** The account's UUID. */
  readonly account: string;
  readonly phone: SipAgent;
  /** The phone of somebody else. */
  readonly friend: SipAgent;
  register(): Promise<SipMessage>;
  registerFriend(): Promise<SipMessage>;
  /** Calls the friend, who answers. */
  call(): Promise<SipMessage>;
  /** An IMAP connection after its log-in, and the answer to that. */
  signIn(): Promise<{ readonly client: LineClient; readonly answer: string }>;
  /** Fails unless everything works. */
  assertWorks(): Promise<void>;
  /** Fails unless everything that has no cache refuses with the words of the profile `fraud`. */
  assertRefused(): Promise<void>;
}

/** Creates the customer by the command line alone. */
export async function makeCustomer(t: Cleanup, chain: Chain): Promise<Customer> {
  const created = (...args: readonly string[]) => chain.json('create', ...args) as Promise<{ id: string }>;
  const { id } = await created('account', 'parent=0', 'name=Customer');
  const other = await created('account', 'parent=0', 'name=Other');
  await created('sip_domain', `parent=${id}`, 'domain=voice.example');
  await created('sip_domain', `parent=${other.id}`, 'domain=other.example');
  await created('sip_account', 'parent=sip:voice.example', 'username=alice', `password=${PASSWORD}`);
  await created('sip_account', 'parent=sip:other.example', 'username=carol', `password=${PASSWORD}`);
  const zone = await created('dns_zone', `parent=${id}`, 'name=voice.example', 'nameservers:=["ns.example.net"]');
  await created('dns_record', `parent=${zone.id}`, 'name=www.voice.example', 'type=A', 'value=192.0.2.7');
  await created('mailbox', `parent=${zone.id}`, 'address=bob@voice.example', `password=${PASSWORD}`);
  await run('pdns_control', [`--socket-dir=${chain.folder('powerdns')}-run`, 'rediscover']);
  const [phone, friend] = [await SipAgent.open(t, chain.port.sip), await SipAgent.open(t, chain.port.sip)];
  const register = () => phone.register('alice@voice.example', credentialsOf('alice'));
  const registerFriend = () => friend.register('carol@other.example', credentialsOf('carol'));
  const signIn = async () => {
    const client = await openImap(chain.port.imap);
    return { client, answer: await imapAnswer(client, `LOGIN bob@voice.example ${PASSWORD}`) };
  };
  const imapLogin = async () => {
    const { client, answer } = await signIn();
    client.close();
    return answer;
  };
  return {
    account: id,
    phone,
    friend,
    register,
    registerFriend,
    signIn,
    call: () =>
      phone.request('INVITE', {
        from: 'alice@voice.example',
        to: 'carol@other.example',
        credentials: credentialsOf('alice'),
      }),
    async assertWorks() {
      assert.equal((await register()).code, 200);
      assert.equal((await registerFriend()).code, 200);
      assert.equal(await dig(chain, 'www.voice.example', 'A'), '192.0.2.7');
      assert.match(await imapLogin(), /^OK/);
      assert.equal(await radius(chain), 'Access-Accept');
      assert.deepEqual(await http(chain), { status: 200, text: 'served' });
    },
    async assertRefused() {
      const refused = await register();
      assert.equal(refused.code, 403);
      assert.match(headerOf(refused, 'Reason'), /fraud/);
      assert.match(await imapLogin(), /^NO \[CONTACTADMIN\]/);
      assert.match(await radius(chain), /^Access-Reject "/);
      const gateway = await http(chain);
      assert.equal(gateway.status, 403);
      assert.match(gateway.text, /"profile":"fraud"/);
    },
  };
}

/** A digest of the SIP account: the name of the packet that comes back, and its message. */
async function radius({ port }: Chain): Promise<string> {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const uri = 'sip:voice.example';
  const response = md5(`${md5(`alice:voice.example:${PASSWORD}`)}:nonce:${md5(`REGISTER:${uri}`)}`);
  const attributes = {
    'User-Name': 'alice@voice.example',
    'Digest-Response': response,
    'Digest-Realm': 'voice.example',
    'Digest-Nonce': 'nonce',
    'Digest-Method': 'REGISTER',
    'Digest-URI': uri,
    'Digest-User-Name': 'alice',
  };
  const input = Object.entries(attributes).map(([name, value]) => `${name} = "${value}"\n`);
  // The client and the secret of Debian's clients.conf.
  const args = ['-x', '-t', '5', '-r', '1', `127.0.0.1:${port.radius}`, 'auth', 'testing123'];
  const { stdout } = await run('radclient', args, { input: input.join('') });
  const [, packet = 'no answer', rest = ''] = /^Received (Access-\w+)([^]*)/m.exec(stdout) ?? [];
  const message = /Reply-Message = (.*)/.exec(rest)?.[1];
  return message === undefined ? packet : `${packet} ${message}`;
}

async function http({ port }: Chain): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port.http}/?who=bob@voice.example`);
  return { status: response.status, text: await response.text() };
}
