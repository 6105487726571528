/** Clients of an account in the domain of its organization: made, changed, removed. */
import { readUserPart } from '#core/aor.ts';
import { WEAK_PASSWORD, isStrong } from '#core/password-strength.ts';
import { type FieldError, Problem, invalid, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type EntityState, getState } from '#store/entity.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource, getOrganization, readApplicationSid, requireOpenAccount } from './find-resource.ts';
import {
  type ClientFields,
  closeClientWithin,
  createClientWithin,
  findClientByLogin,
  isClientOf,
  updateClientWithin,
} from './organization-work.ts';
import { type ClientView, clientView } from './read-clients.ts';

/** What is absent stays as it is, null clears it. */
export interface ClientInput {
  readonly password?: string | undefined;
  readonly friendlyName?: string | null | undefined;
  readonly isEnabled?: boolean | undefined;
  readonly voiceUrl?: string | null | undefined;
  readonly voiceMethod?: string | null | undefined;
  readonly voiceFallbackUrl?: string | null | undefined;
  readonly voiceFallbackMethod?: string | null | undefined;
  /** SID of an application. */
  readonly voiceApplication?: string | null | undefined;
  readonly isPushEnabled?: boolean | undefined;
}

/**
 * Makes a client, also beneath a suspended account. The login of a client that the account has already answers that client,
 * unchanged. Throws `forbidden` for a closed account, `invalid`, `exists` for a login of another account of the organization.
 */
export function createClient(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  input: ClientInput & { readonly login: string | undefined },
): Promise<Performed<ClientView>> {
  requireOpenAccount(account);
  const { password } = input;
  const login = readLogin(input.login);
  if (password === undefined) throw invalid({ field: 'password', message: 'is invalid: it is missing' });
  refuseWeak(password);
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const { transaction } = work;
    requireOpenAccount(await getState(transaction, account.id));
    const domain = await getOrganization(transaction, account);
    const former = await findMine(work, account, domain, login);
    if (former !== null) return viewOf(work, account, former);
    const fields = await fieldsOf(work, input);
    try {
      return await viewOf(
        work,
        account,
        await createClientWithin(work, account, domain, { ...fields, username: login }),
      );
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'exists') throw error;
      // Somebody was quicker since the look above: the account itself, or another.
      const quicker = await findMine(work, account, domain, login);
      if (quicker === null) throw error;
      return viewOf(work, account, quicker);
    }
  });
}

/** The client that the account has by the login; null when it is free. Throws `exists` when another account has it. */
async function findMine(
  { transaction }: Work,
  account: NamedAccount,
  domain: EntityState,
  login: string,
): Promise<EntityState | null> {
  const found = await findClientByLogin(transaction, domain, login);
  if (found === null || isClientOf(account, found)) return found;
  throw problem('exists', `The login ${login} is taken in this organization.`, {
    errors: [{ field: 'login', message: 'is taken' }],
  });
}

/** Changes a client by SID; its login stays. Throws `not_found`, also as foreign, and `invalid`. */
export function changeClient(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
  input: ClientInput,
): Promise<Performed<ClientView>> {
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const client = await findResource(work.transaction, account, 'sip_account', sid);
    if (input.password !== undefined) refuseWeak(input.password);
    const { voiceApplication } = await viewOf(work, account, client);
    const fields = await fieldsOf(work, input, voiceApplication);
    return viewOf(work, account, await updateClientWithin(work, account, client, fields));
  });
}

/** Closes a client by SID. Throws `not_found`, also as foreign. */
export function removeClient(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
): Promise<Performed<null>> {
  return perform(context, actor, { lock: 'exclusive' }, async (work) => {
    await closeClientWithin(work, account, await findResource(work.transaction, account, 'sip_account', sid));
    return null;
  });
}

async function fieldsOf(
  { transaction, actor }: Work,
  input: ClientInput,
  present: string | null = null,
): Promise<ClientFields> {
  const { password, isEnabled: enabled, isPushEnabled: pushEnabled, friendlyName } = input;
  const { voiceUrl, voiceMethod, voiceFallbackUrl, voiceFallbackMethod } = input;
  const named = input.voiceApplication;
  const voiceApplication = await readApplicationSid(transaction, actor, 'voiceApplication', named, present);
  const addresses = { voiceUrl, voiceMethod, voiceFallbackUrl, voiceFallbackMethod };
  const given = { ...addresses, password, enabled, pushEnabled, friendlyName, voiceApplication };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Clients look for the word `invalid`. */
function readLogin(login: string | undefined): string {
  const refuse = (message: string): Error => {
    const error: FieldError = { field: 'login', message: `is invalid: it ${message}` };
    return invalid(error);
  };
  if (login === undefined) throw refuse('is missing');
  if (/[@?=]/.test(login)) throw refuse('must have none of @ ? =');
  const reading = readUserPart(login);
  if (!reading.ok) throw refuse(reading.message);
  return reading.value;
}

/** Clients look for the word `weak`. */
function refuseWeak(password: string): void {
  if (!isStrong(password))
    throw problem('invalid', WEAK_PASSWORD, { errors: [{ field: 'password', message: 'is too weak' }] });
}

async function viewOf({ context, transaction }: Work, account: NamedAccount, client: EntityState): Promise<ClientView> {
  return clientView(context, transaction, account, client);
}
