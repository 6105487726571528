/**
 * What every operation is given: where data lives, what time it is, and who asks.
 */
import type pg from 'pg';

import type { Authority, Subject } from '#core/authority.ts';
import type { CallPlatform } from '#core/call-platform.ts';
import type { NumberMarket } from '#core/number-market.ts';
import type { RestSettings } from '#core/number-rest.ts';
import type { CustomerCreditDefault } from '#core/credit.ts';
import { ACCOUNT_DEPTH_MAX } from '#core/kind.ts';
import { ALL_PERMISSIONS, type PermissionMask } from '#core/permission.ts';
import {
  ALL_TELEPHONY,
  type TelephonyDomain,
  type TelephonyRights,
  type TelephonyVerb,
} from '#core/telephony-right.ts';
import type { DecisionEngine } from '#decisions/engine.ts';
import type { CredentialRef } from '#store/actor.ts';
import { type Author, type ChainKey, type RequestFacts, type SignedCheckpoint, makeAuthor } from '#store/change.ts';
import type { HandOver } from '#operations/systems/hand-over.ts';
import { Session } from '#store/database.ts';
import type { SealingKey } from '#store/sealing.ts';

export interface OperationSettings {
  /** A hold, a close or an edit of a profile that would change more entities than this needs a plan. */
  readonly guardLimit: number;
  /** The same for one request on an account API, which cannot make a plan: beyond it nothing is done there. */
  readonly faceGuardLimit: number;
  /** How many levels of accounts beneath the platform may be made on the account APIs. */
  readonly faceDepthMax: number;
  /** How long a closed number rests before it can be used again, in days. */
  readonly numberQuarantineDays: number;
  /** The same for numbers of single countries, by ISO 3166-1 code. */
  readonly numberQuarantineByCountry: Readonly<Record<string, number>>;
  /** How long a plan may be applied, in milliseconds. */
  readonly planLifeMs: number;
  /** What an absent grant means for plain customers. */
  readonly customerCreditDefault: CustomerCreditDefault;
}

export const DEFAULT_SETTINGS: OperationSettings = {
  guardLimit: 1_000,
  faceGuardLimit: 10_000,
  faceDepthMax: ACCOUNT_DEPTH_MAX,
  // The shortest rest that 47 CFR 52.15(f) allows.
  numberQuarantineDays: 45,
  numberQuarantineByCountry: {},
  planLifeMs: 15 * 60_000,
  customerCreditDefault: 'unlimited',
};

/** How long closed numbers rest. */
export function restSettings(settings: OperationSettings): RestSettings {
  return { days: settings.numberQuarantineDays, byCountry: settings.numberQuarantineByCountry };
}

export interface OperationContext {
  readonly pool: pg.Pool;
  readonly chainKey: ChainKey;
  /** Seals and opens secrets that must be shown again. */
  readonly sealingKey: SealingKey;
  readonly engine: DecisionEngine;
  readonly settings: OperationSettings;
  readonly clock: () => Date;
  /** Where numbers are searched and bought; absent where nothing can be, as in most tests. */
  readonly numberMarket?: NumberMarket;
  /** Where calls and messages are asked for; absent where none can be. */
  readonly callPlatform?: CallPlatform;
  /** Hands certificates over to APS endpoints; absent where none can be. */
  readonly handOver?: HandOver;
  /** What lies outside the database and vouches for it; absent where nothing does, as in tests. */
  readonly outside?: OutsideRecords;
}

/** Signed checkpoints and archived spans of the change log, and the engine's own file. */
export interface OutsideRecords {
  /** The checkpoints that were written so far, the oldest first. */
  checkpoints(): AsyncIterable<SignedCheckpoint>;
  /** Writes where the chain stands now. */
  writeCheckpoint(): Promise<void>;
  /** The lines of an archived span; null when the file is not here. */
  archive(file: string): AsyncIterable<string> | null;
  /** Writes the engine's picture afresh, so that its file has nothing that is erased. */
  saveEngine(): Promise<void>;
}

/** Who asks: a login of an account, one of its keys, or the system itself. */
export interface Actor {
  /** What the change log shows: `login:<id>`, `key:<id>`, `token:admin`, `system:<what>`. */
  readonly name: string;
  /** The account it acts as: that one and everything beneath is all there is for it. */
  readonly accountId: number;
  /** The account that it belongs to; another than `accountId` when it acts as one beneath. */
  readonly ownAccountId: number;
  /** The level of its account. */
  readonly authority: Authority;
  /** How high its role reaches among the subjects of holds. */
  readonly subject: Subject;
  readonly permissions: PermissionMask;
  /** What it may do on the account APIs of Restcomm and Twilio, where each domain is judged by itself. */
  readonly telephony: TelephonyRights;
  /** What its role has to allow there for what it asks now: judged again when a transaction begins. */
  readonly need?: readonly [TelephonyVerb, TelephonyDomain];
  /** What to name in a refusal for want of a permission: the role, or what narrows it now. */
  readonly lacking: string;
  /** Whether it comes with a key that leaves less than the role: such a key does not keep its login. */
  readonly isNarrowed: boolean;
  /** Nothing holds its account but its own hold: it may read, and lift that. */
  readonly isHeldByItself: boolean;
  /** Whether a reseller on its line may not create anything. */
  readonly isInactiveReseller: boolean;
  /** What its right rests on; null for the system and the first administrator. */
  readonly credential: Credential | null;
  readonly request: RequestFacts;
}

/** A verified credential, with the version of the login that it was verified for. */
export interface Credential extends CredentialRef {
  readonly version: number;
}

/** An actor who may do everything everywhere: the first administrator, or the system itself. */
export function platformActor(name: string, request: RequestFacts = { face: 'system' }): Actor {
  return {
    name,
    accountId: 0,
    ownAccountId: 0,
    authority: 'platform',
    subject: 'legal',
    permissions: ALL_PERMISSIONS,
    telephony: ALL_TELEPHONY,
    lacking: 'the platform',
    isNarrowed: false,
    isHeldByItself: false,
    isInactiveReseller: false,
    credential: null,
    request,
  };
}

export const SCHEDULER: Actor = platformActor('system:scheduler');

/** The author of what an actor changes by one request. */
export function authorOf(actor: Actor): Author {
  const { name, ownAccountId, accountId, request, credential } = actor;
  return makeAuthor(name, ownAccountId, ownAccountId === accountId ? null : accountId, request, credential);
}

export type { RequestFacts };

/** A session for reading outside any transaction. */
export function reader(context: OperationContext): Session {
  return new Session(context.pool);
}
