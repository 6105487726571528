/**
 * What a FreeSWITCH server asks by mod_xml_curl, answered from decisions: may this subscriber register, and where does
 * this call go. What is answered is plain data; the face writes it as XML.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { problem } from '#core/problem.ts';
import type { Decision, RefusalWords } from '#decisions/answer.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type SipDigest, findCallTarget, findSipDigest } from '#store/sip-route.ts';

export interface DirectoryQuestion {
  readonly user: string;
  readonly domain: string;
  /** What the lookup is for: `sip_auth` with the digest of a request, or anything else. */
  readonly action: string;
  readonly method: string;
  /** The answer of a client to a digest challenge (RFC 2617), as it came. */
  readonly digest: Readonly<
    Record<'username' | 'realm' | 'nonce' | 'uri' | 'qop' | 'cnonce' | 'nc' | 'response', string>
  >;
}

/** The user as FreeSWITCH is to know it. */
export interface DirectoryUser {
  readonly username: string;
  readonly domain: string;
  /** Of the password when the request has proven it, of nothing otherwise: without one FreeSWITCH lets anybody in. */
  readonly ha1: string;
  readonly mayRegister: boolean;
}

export interface CallQuestion {
  readonly destination: string;
  /** The domain of the request; empty where there is none. */
  readonly domain: string;
  /** The AOR of the caller who authenticated, or null. */
  readonly caller: string | null;
  readonly address: string;
}

export type CallAnswer =
  | { readonly do: 'refuse'; readonly code: number; readonly text: string }
  | { readonly do: 'announce'; readonly announcement: string; readonly code: number; readonly text: string }
  | { readonly do: 'bridge'; readonly aor: string }
  | { readonly do: 'redirect'; readonly uri: string };

/** The user, or null when there is none that may be called or authenticate. Throws `forbidden`, `unavailable`. */
export async function answerDirectory(
  context: OperationContext,
  actor: Actor,
  question: DirectoryQuestion,
): Promise<DirectoryUser | null> {
  requirePermission(actor, 'decision:ask');
  refuseBlind(context);
  const entity = findSeen(context, actor, `sip:${question.user}@${question.domain}`);
  const account = entity === null ? null : await findSipDigest(reader(context), entity);
  if (entity === null || account === null || !account.enabled) return null;
  const { username, domain } = account;
  if (question.action !== 'sip_auth') {
    // Looked up to be called: whoever is held is not found, whichever way a call takes to it.
    const isHeld = context.engine.decideFor(entity, 'call.in').effect === 'deny';
    return isHeld ? null : { username, domain, ha1: nobodys(), mayRegister: true };
  }
  // The digest of a password leaves for a request alone that could not have been made without it.
  const isProven = proves(question, account);
  return {
    username,
    domain,
    ha1: isProven && account.ha1 !== null ? account.ha1 : nobodys(),
    mayRegister:
      !isProven || question.method !== 'REGISTER' || context.engine.decideFor(entity, 'register').effect === 'allow',
  };
}

/** Where a call goes; null leaves it to the dialplan of the server itself. Throws `forbidden`, `unavailable`. */
export async function answerCall(
  context: OperationContext,
  actor: Actor,
  question: CallQuestion,
): Promise<CallAnswer | null> {
  requirePermission(actor, 'decision:ask');
  refuseBlind(context);
  const { engine } = context;
  const { caller, destination, domain, address } = question;
  // Which numbers those are, and where they go, is for the server's own dialplan: nothing here may stand in their way.
  if (isEmergency(context, destination)) return null;
  const from = caller === null ? findSeen(context, actor, `ip:${address}`) : findSeen(context, actor, `sip:${caller}`);
  if (caller !== null && from === null) return { do: 'refuse', code: 403, text: 'Unknown caller' };
  if (from !== null) {
    const no = refusalOf(engine.decideFor(from, 'call.out', { destination }));
    if (no !== null) return no;
  }
  const to =
    (domain === '' ? null : findSeen(context, actor, `sip:${destination}@${domain}`)) ??
    findSeen(context, actor, `tel:${destination.startsWith('+') ? destination : `+${destination}`}`);
  if (to === null) return null;
  const no = refusalOf(engine.decideFor(to, 'call.in'));
  if (no !== null) return no;
  const target = await findCallTarget(reader(context), to);
  if (target.aor !== null) return { do: 'bridge', aor: target.aor };
  if (target.uri !== null) return { do: 'redirect', uri: target.uri };
  return { do: 'refuse', code: 480, text: 'Not in service' };
}

/** The engine knows the numbers of the installation, whoever calls. */
function isEmergency({ engine }: OperationContext, destination: string): boolean {
  return engine.decideFor(-1, 'call.out', { destination }).action === 'call.emergency';
}

function refusalOf({ effect, refusal }: Decision): CallAnswer | null {
  if (effect === 'allow') return null;
  const { sip, text, announcement }: RefusalWords = refusal ?? { sip: 403, http: 403, text: 'Refused', profile: null };
  if (effect === 'intercept' && announcement !== undefined) return { do: 'announce', announcement, code: sip, text };
  return { do: 'refuse', code: sip, text };
}

/** Of what is not known FreeSWITCH would be told "not found", and go on to its own files. */
function refuseBlind({ engine }: OperationContext): void {
  if (!engine.ready) throw problem('unavailable', 'Too little is known now to decide: the database cannot be reached.');
}

function findSeen({ engine }: OperationContext, actor: Actor, subject: string): number | null {
  const entity = engine.find(subject);
  return entity !== null && (actor.accountId === 0 || engine.isWithin(entity, actor.accountId)) ? entity : null;
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** The digest of a password that nobody has. */
function nobodys(): string {
  return randomBytes(16).toString('hex');
}

/** Whether the digest of the request was made with the password of the account (RFC 2617 section 3.2.2). */
function proves({ digest, method }: DirectoryQuestion, { ha1 }: SipDigest): boolean {
  if (ha1 === null || digest.nonce === '') return false;
  const ha2 = md5(`${method}:${digest.uri}`);
  const middle = digest.qop === '' ? '' : `:${digest.nc}:${digest.cnonce}:${digest.qop}`;
  const wanted = Buffer.from(md5(`${ha1}:${digest.nonce}${middle}:${ha2}`));
  const given = Buffer.from(digest.response.toLowerCase());
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
