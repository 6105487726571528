/** Trees of accounts that were made through the Restcomm face alone, each account by the one above it. */
import assert from 'node:assert/strict';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { uuidOfSid } from '#core/sid.ts';

import type { Installation } from './installation.ts';
import { type Answer, type Ask, administrator, basic, made } from './people.ts';
import { type Form, type Rest, giveLogin, restWith } from './telephony-world.ts';

export interface FaceAccount {
  readonly name: string;
  readonly sid: string;
  /** Its UUID, by which the native face names it. */
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  /** Asks as this account, by SID and token. */
  readonly rest: Rest;
}

export interface FaceTree {
  readonly admin: Ask;
  readonly root: FaceAccount;
  readonly organization: { readonly sid: string; readonly domain: string };
  /** By name. */
  readonly accounts: ReadonlyMap<string, FaceAccount>;
}

let count = 0;

/** The platform's account with a login, an organization, and the tree. */
export async function growTree(here: Installation, above: Readonly<Record<string, string | null>>): Promise<FaceTree> {
  const admin = administrator(here.app);
  const { id } = await made(admin('GET', '/v1/entities/0'));
  const login = await giveLogin(here.context, { id, number: 0 }, 'root@accounts.example');
  await here.follow();
  const { sid, email, password, token } = login;
  const rest = restWith(here.app, RESTCOMM_BASE, basic(sid, token));
  const root: FaceAccount = { name: 'root', sid, id, email, password, token, rest };
  const organization = await expectOk(rest('PUT', '/Organizations/tree.json'));
  const accounts = new Map<string, FaceAccount>();
  for (const [name, parent] of Object.entries(above)) {
    const from = parent === null ? root : accounts.get(parent);
    assert.ok(from !== undefined, `${parent} comes before ${name}`);
    const more: Form = parent === null ? { OrganizationSid: String(organization['sid']) } : {};
    accounts.set(name, await addChild(here, from, name, more));
  }
  return {
    admin,
    root,
    organization: { sid: String(organization['sid']), domain: String(organization['domain_name']) },
    accounts,
  };
}

/** An account made by the one above it. */
export async function addChild(
  here: Installation,
  parent: FaceAccount,
  name: string,
  more: Form = {},
): Promise<FaceAccount> {
  const email = `${name}-${(count += 1)}@tree.example`;
  const password = `Strong-${name}-Pass-${count}!`;
  const body = await expectOk(
    parent.rest('POST', '/Accounts.json', { EmailAddress: email, Password: password, FriendlyName: name, ...more }),
  );
  const sid = String(body['sid']);
  const token = String(body['auth_token']);
  const rest = restWith(here.app, RESTCOMM_BASE, basic(sid, token));
  return { name, sid, id: uuidOfSid(sid) ?? '', email, password, token, rest };
}

/** The same through the Twilio face: without e-mail and password, which costs no hash. */
export async function addNamedChild(here: Installation, parent: FaceAccount, name: string): Promise<FaceAccount> {
  const authorization = basic(parent.sid, parent.token);
  const answer = await restWith(here.app, TWILIO_BASE, authorization)('POST', '/Accounts.json', { FriendlyName: name });
  assert.ok(answer.status < 300, answer.text);
  const sid = String(answer.body['sid']);
  const token = String(answer.body['auth_token']);
  const rest = restWith(here.app, RESTCOMM_BASE, basic(sid, token));
  return { name, sid, id: uuidOfSid(sid) ?? '', email: '', password: '', token, rest };
}

/** Expects success, and gives what was answered in JSON. */
export async function expectOk(answer: Promise<Answer>): Promise<Readonly<Record<string, unknown>>> {
  const { status, body, text } = await answer;
  assert.ok(status === 200, `${status} ${text}`);
  return body;
}

/** The status that `by` reads of an account. */
export async function statusOf(by: FaceAccount, of: FaceAccount): Promise<string> {
  return String((await expectOk(by.rest('GET', `/Accounts/${of.sid}.json`)))['status']);
}

/** Sets the status, and gives the one that is answered. */
export async function setStatus(by: FaceAccount, of: FaceAccount, status: string): Promise<string> {
  return String((await expectOk(by.rest('POST', `/Accounts/${of.sid}.json`, { Status: status })))['status']);
}
