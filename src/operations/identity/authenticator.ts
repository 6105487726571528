/**
 * Who asks: from a credential to an actor, from memory where it can be.
 *
 * What was verified once is remembered, so that a password costs its hashing once and a decision costs none. It is
 * forgotten with the next request after the password, the key, the login, the role or anything on the line of its
 * account changed in any process: the engine tells what was touched. Every write looks again inside its transaction.
 */
import { createHmac } from 'node:crypto';

import { permissionsOfLevel } from '#core/permission.ts';
import { invalid, problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { manages } from '#operations/access.ts';
import { type Actor, type Credential, type OperationContext, reader } from '#operations/context.ts';
import { hashedForm, verifyPassword } from '#operations/identity/password.ts';
import { judgeActor, unauthenticated } from '#operations/identity/judge-actor.ts';
import {
  KEY_PREFIX,
  type Presented,
  bearerOf,
  digestOf,
  loginName,
  readBasic,
} from '#operations/identity/presented.ts';
import { type Entry, Remembered } from '#operations/identity/remembered.ts';
import { findByAccountName, findToken, isMd5 } from '#operations/identity/account-login.ts';
import { problemOf } from '#operations/failure.ts';
import { getEntity } from '#operations/resolve.ts';
import { findActor } from '#store/actor.ts';
import { findKeyByDigest } from '#store/api-key.ts';
import type { RequestFacts } from '#store/change.ts';
import { type LoginRow, findLogin, findLoginByName, noteUse } from '#store/login.ts';
import { isInactive, levelsOf } from '#store/role.ts';
import { beginAttempt, endAttempt, findSessionByDigest } from '#store/session.ts';

interface Shown {
  readonly shown: string;
  readonly isTelephony: boolean;
  readonly actAs: string | undefined;
  readonly address: () => string;
}

/** Even what nobody touched is looked at again after this time: keys run out, sessions fall silent. */
const RECHECK_MS = 30_000;
const NOTE_USE_MS = 60_000;
/** Failures that cost nothing, by name and by address. */
const FREE_BY_NAME = 5;
const FREE_BY_ADDRESS = 50;
/** No header can say this. */
const COOKIE = '\u0000';
const TELEPHONY = '\u0001';
const CREDENTIAL_MAX = 1_024;

export class Authenticator {
  readonly #context: OperationContext;
  readonly #administrator: (token: string) => Actor | null;
  readonly #remembered = new Remembered();
  /** The first administrator by the header that it was known by. */
  readonly #firstAdministrator = new Map<string, Actor>();
  readonly #underway = new Map<string, Promise<Entry>>();
  #forget: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #notedAtMs = Date.now();

  /** `administrator` answers for the token of the first administrator. */
  constructor(context: OperationContext, administrator: (token: string) => Actor | null) {
    this.#context = context;
    this.#administrator = administrator;
  }

  start(): void {
    this.#forget = this.#context.engine.onTouched((ids) => this.#remembered.touched(ids));
    this.#timer = setInterval(() => void this.noteUse(), NOTE_USE_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#forget();
    clearInterval(this.#timer);
    await this.noteUse();
  }

  /** Who asks. Throws `unauthenticated`, `forbidden` while its account does not operate, `rate_limited` after failures. */
  authenticate(presented: Presented, request: RequestFacts): Actor | Promise<Actor> {
    const { authorization, cookie, actAs } = presented;
    const isTelephony = presented.isTelephony === true;
    const shown = authorization ?? (cookie === undefined ? undefined : `${COOKIE} ${cookie}`);
    if (shown === undefined || shown.length > CREDENTIAL_MAX) throw unauthenticated();
    // The same header means other rights on an account API, and may have been right there alone.
    const key = `${isTelephony ? TELEPHONY : ''}${shown}${actAs === undefined ? '' : `\n${actAs}`}`;
    const known = this.#remembered.find(key);
    if (known !== undefined && !known.isStale) {
      const now = Date.now();
      if (now < known.recheckAtMs) {
        known.usedAtMs = now;
        return known.actor.request === request ? known.actor : { ...known.actor, request };
      }
    }
    // A look-up by hash tells nothing about how much of a wrong token was right.
    const first = this.#firstAdministrator.get(key);
    if (first !== undefined) return first.request === request ? first : { ...first, request };
    if (authorization !== undefined) {
      const token = bearerOf(authorization);
      const administrator = token === null ? null : this.#administrator(token);
      if (administrator !== null) {
        const actor = { ...administrator, request };
        if (actAs !== undefined) return this.#actAs(actor, actAs);
        this.#firstAdministrator.clear();
        this.#firstAdministrator.set(key, actor);
        return actor;
      }
    }
    return this.#lookFor(key, known, { shown, isTelephony, actAs, address: presented.address }, request);
  }

  /** Writes down which logins, keys and sessions were used since the last time. */
  async noteUse(): Promise<void> {
    const since = this.#notedAtMs;
    this.#notedAtMs = Date.now();
    const used = this.#remembered.usedSince(since);
    const ids = (pick: (credential: Credential) => string | null) =>
      [...new Set(used.map(pick))].filter((id) => id !== null);
    await noteUse(
      reader(this.#context),
      ids((credential) => credential.login),
      ids((credential) => credential.key),
      ids((credential) => credential.session),
    ).catch(() => {}); // What was used is good to know and nothing more.
  }

  async #lookFor(key: string, known: Entry | undefined, credential: Shown, request: RequestFacts): Promise<Actor> {
    const { engine } = this.#context;
    const underway = this.#underway.get(key) ?? this.#look(known, credential, request);
    this.#underway.set(key, underway);
    try {
      const entry = await underway;
      this.#remembered.keep(key, entry);
      return { ...entry.actor, request };
    } catch (error) {
      const what = problemOf(error);
      // While the database is away, who was known stays known for as long as decisions are made from memory.
      if (what.code === 'unavailable' && known?.isStale === false && engine.ready) return { ...known.actor, request };
      // Whose account is held stays known, so that its password is not hashed again and again.
      if (what.code === 'unauthenticated' || what.code === 'not_found') this.#remembered.drop(key);
      throw what;
    } finally {
      if (this.#underway.get(key) === underway) this.#underway.delete(key);
    }
  }

  async #look(known: Entry | undefined, given: Shown, request: RequestFacts): Promise<Entry> {
    const { actAs } = given;
    const own =
      (known === undefined ? null : await this.#again(known, request)) ??
      (await this.#entryOf(await this.#verify(given), request));
    if (actAs === undefined) return own;
    // Named anew each time: a name may have come to mean another account.
    const { accountId } = await this.#actAs(own.actor, actAs);
    return accountId === own.actor.accountId ? own : this.#entryOf({ ...own.credential, actAs: accountId }, request);
  }

  /** What was verified before, as it counts now; null when it has to be shown again, to another version of the login. */
  #again(known: Entry, request: RequestFacts): Promise<Entry | null> {
    return this.#entryOf({ ...known.credential, actAs: null }, request).catch((error: unknown) => {
      if (problemOf(error).code === 'unauthenticated') return null;
      throw error;
    });
  }

  /** An actor as an account beneath its own. Throws `not_found` for whatever it may not see. */
  async #actAs(actor: Actor, given: string): Promise<Actor> {
    const session = reader(this.#context);
    const account = await getEntity(session, actor, given, 'Abeyance-Act-As');
    if (account.kind !== 'account' || !manages(actor, account))
      throw invalid({
        field: 'Abeyance-Act-As',
        message: `must be an account, and ${account.label} is ${account.kind}`,
      });
    if (account.id === actor.accountId) return actor;
    const level = (await levelsOf(session, [account.id])).get(account.id);
    const authority = level === 'reseller' ? 'reseller' : 'customer';
    return {
      ...actor,
      accountId: account.id,
      authority,
      permissions: actor.permissions & permissionsOfLevel(authority),
      isInactiveReseller: await isInactive(session, account.line),
    };
  }

  async #entryOf(credential: Credential, request: RequestFacts): Promise<Entry> {
    const sinceTouch = this.#remembered.touchCount;
    const row = await findActor(reader(this.#context), credential);
    const actor = judgeActor(row, credential, request);
    const now = Date.now();
    return {
      credential,
      line: [...new Set([...(row?.own_line ?? []), actor.accountId])],
      actor,
      sinceTouch,
      isStale: false,
      recheckAtMs: Math.min(now + RECHECK_MS, row?.expires_at?.getTime() ?? Number.POSITIVE_INFINITY),
      usedAtMs: now,
    };
  }

  async #verify({ shown, isTelephony, address }: Shown): Promise<Credential> {
    const session = reader(this.#context);
    const [scheme = '', rest = ''] = shown.split(/ +(.*)/s);
    const none = { key: null, session: null, actAs: null };
    if (isTelephony) {
      if (scheme !== 'Basic') throw unauthenticated();
      const [name, secret] = readBasic(rest);
      const login = await findByAccountName(session, name);
      const token = login === null ? null : await findToken(session, login, secret);
      if (login === null || token === null) {
        const { id, version } = await this.#judgePassword(name, secret, address(), login, true);
        return { ...none, login: id, version };
      }
      // A token from elsewhere may be as easy to guess as a password.
      if (token.isForeign) await this.#limited(name, address(), () => Promise.resolve(true));
      return { ...none, login: login.id, version: login.version, key: token.key };
    }
    switch (scheme.toLowerCase()) {
      case 'bearer': {
        const found = rest.startsWith(KEY_PREFIX) ? await findKeyByDigest(session, digestOf(rest)) : null;
        const login = found === null ? null : await findLogin(session, found.login_id);
        if (found === null || login === null) throw unauthenticated();
        return { ...none, login: login.id, version: login.version, key: found.id };
      }
      case COOKIE: {
        const found = await findSessionByDigest(session, digestOf(rest));
        const login = found === null ? null : await findLogin(session, found.login_id);
        if (found === null || login === null) throw unauthenticated();
        return { ...none, login: login.id, version: login.version, session: found.id };
      }
      case 'basic': {
        const [name, password] = readBasic(rest);
        const login = await this.verifyPassword(name, password, address());
        return { ...none, login: login.id, version: login.version };
      }
      default:
        throw unauthenticated();
    }
  }

  /** The login of a name and a password. Throws `unauthenticated`, or `rate_limited` after too many failures. */
  async verifyPassword(
    name: string,
    password: string,
    address: string,
  ): Promise<{ readonly id: string; readonly version: number; readonly accountId: number }> {
    const login = await findLoginByName(reader(this.#context), loginName(name));
    return this.#judgePassword(name, password, address, login, false);
  }

  async #judgePassword(
    name: string,
    password: string,
    address: string,
    login: LoginRow | null,
    isTelephony: boolean,
  ): Promise<{ readonly id: string; readonly version: number; readonly accountId: number }> {
    await this.#limited(name, address, async () => {
      const hash = login?.enabled === true ? login.password_hash : null;
      if (await verifyPassword(hashedForm(password, login), hash)) return true;
      // Also where there is no such login: it must take as long as where there is.
      return isTelephony && isMd5(password) && verifyPassword(password, hash);
    });
    if (login === null) throw unauthenticated();
    return { id: login.id, version: login.version, accountId: login.account_id };
  }

  /** Judges what was shown, unless too much was wrong before. Throws `unauthenticated`, `rate_limited`. */
  async #limited(name: string, address: string, isRight: () => Promise<boolean>): Promise<void> {
    const session = reader(this.#context);
    // A SID has many spellings, and each would be one more row of guesses.
    const byName = this.#attemptKey(`name ${uuidOfSid(name.trim()) ?? loginName(name)}`);
    const byAddress = this.#attemptKey(`address ${address}`);
    const waitSeconds = await beginAttempt(session, [
      { subject: byName, free: FREE_BY_NAME },
      { subject: byAddress, free: FREE_BY_ADDRESS },
    ]);
    if (waitSeconds > 0)
      throw problem('rate_limited', `Too many sign-ins failed; try again in ${Math.ceil(waitSeconds)} seconds.`, {
        facts: { retryAfterSeconds: Math.ceil(waitSeconds) },
      });
    if (!(await isRight())) throw unauthenticated();
    await endAttempt(session, byName, byAddress);
  }

  #attemptKey(subject: string): Buffer {
    return createHmac('sha256', this.#context.chainKey.innerPad).update(subject).digest();
  }
}
