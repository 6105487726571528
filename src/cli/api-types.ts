/**
 * The bodies of the native API as this client reads them: only the members that it uses.
 *
 * Readers take what they know and pass over the rest, so that a newer server does not break an older client.
 */
import type { Kind } from '#core/kind.ts';
import type { Standing } from '#core/restrictions.ts';

export interface EntityView {
  readonly id: string;
  readonly number: number;
  readonly kind: Kind;
  readonly label: string;
  readonly parent: string | null;
  /** Given only when it is another than the container's account. */
  readonly owner?: string | null;
  readonly standing: Standing;
  readonly lifecycle: 'open' | 'closed';
  readonly closedAt?: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly identifiers: readonly string[];
  readonly [field: string]: unknown;
}

export type Via = 'self' | 'parent' | 'owner' | 'target';

export interface ReasonView {
  readonly hold: string | null;
  readonly entity: string | null;
  readonly entityNumber: number | null;
  /** Decisions leave it out: they are answered from memory, where labels are not. */
  readonly label?: string;
  readonly profile: string | null;
  readonly authority: string | null;
  readonly inherited: boolean;
  readonly via: Via;
  readonly since: string | null;
  readonly until: string | null;
  readonly placedBy: string | null;
  readonly note: string | null;
  readonly cause: 'hold' | 'closed' | 'owner_closed' | 'target_closed';
}

export interface StandingView {
  readonly entity: string;
  readonly standing: Standing;
  readonly lifecycle: 'open' | 'closed';
  readonly denied: readonly string[];
  readonly intercepted: readonly string[];
  readonly reasons: readonly ReasonView[];
  readonly revision: number;
}

export interface HoldView {
  readonly id: string;
  readonly profile: string;
  readonly entity: string;
  readonly authority: string;
  readonly subject?: string;
  readonly source: string;
  readonly externalRef: string | null;
  readonly note: string | null;
  readonly placedBy: string;
  readonly placedByName?: string | null;
  readonly placedAt: string;
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  readonly activatedAt: string | null;
  readonly endedAt: string | null;
  readonly endCause: string | null;
  readonly endedBy: string | null;
  readonly reviewAt: string | null;
  readonly inForce: boolean;
}

export interface WhoAmIView {
  readonly actor: string;
  readonly login: string | null;
  readonly name: string | null;
  readonly account: string | null;
  readonly actsAs: string | null;
  readonly level: string;
  readonly role: string | null;
  readonly subject: string;
  readonly permissions: readonly string[];
  readonly heldByItself: boolean;
}

export interface LoginView {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  readonly hasPassword: boolean;
  readonly lastUsedAt: string | null;
}

export interface AccountLoginView {
  readonly sid: string;
  readonly email: string | null;
  readonly role: string;
  readonly hasPassword: boolean;
  readonly token: string | null;
}

export interface KeyView {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly scopes: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  /** In the answer to its creation alone. */
  readonly key?: string;
}

export interface RoleView {
  readonly name: string;
  readonly builtin: boolean;
  readonly account: string | null;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly subject: string;
}

export interface PropertyView {
  readonly name: string;
  readonly value: string;
  readonly category: string;
  readonly permission: string;
  readonly effective: boolean;
  readonly writable: boolean;
}

export interface ExplainView {
  readonly chain: readonly {
    readonly id: string;
    readonly number: number;
    readonly kind: Kind;
    readonly label: string;
    readonly via: Via;
    readonly closedAt: string | null;
    readonly holds: readonly HoldView[];
  }[];
  readonly standing: StandingView;
}

export interface Count {
  readonly total: number;
  readonly byKind: Readonly<Record<string, number>>;
}

export interface PlannedSystem {
  readonly system: string;
  readonly targets: number;
  readonly told: Readonly<Record<string, number>>;
  readonly unchanged: number;
}

export interface PlanView {
  readonly token: string;
  readonly entity: string;
  readonly effect: {
    readonly beneath: number;
    readonly changing: Count;
    readonly alreadyHeld: Count;
    readonly unchanged: Count;
    readonly laggingZones?: {
      readonly count: number;
      readonly names: readonly string[];
      readonly isPartial?: true;
    };
    readonly systems?: readonly PlannedSystem[];
    readonly portOutPending?: { readonly count: number; readonly numbers: readonly string[] };
  };
  readonly revision: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface Applied<Result> {
  readonly token: string;
  readonly result: Result;
  /** How many entities were created beneath the node since the plan was made. */
  readonly createdSince: number;
}

export interface ProfileView {
  readonly name: string;
  readonly version: number;
  readonly builtin: boolean;
  readonly description: string;
  readonly severity: number;
  readonly denied: readonly string[];
  readonly intercepted: readonly string[];
  readonly refusal: {
    readonly sip: number;
    readonly http: number;
    readonly text: string;
    readonly announcement: string | null;
  };
  readonly sessions: 'finish' | 'end';
  readonly legalOverride: { readonly author: string; readonly reason: string; readonly expiresAt: string } | null;
  readonly updatedAt: string;
  readonly [field: string]: unknown;
}

export interface CreditsView {
  readonly credits: readonly {
    readonly credit: string;
    readonly granted: number | null;
    readonly used: number | null;
    readonly left: number | null;
    readonly over: number;
    readonly children: {
      readonly items: readonly { readonly id: string; readonly label: string; readonly used: number }[];
      readonly total: number;
    };
  }[];
}

export interface DecisionView {
  readonly subject: string;
  readonly action: string;
  readonly effect: 'allow' | 'deny' | 'intercept' | 'unknown';
  readonly standing: Standing | null;
  readonly reasons: readonly ReasonView[];
  readonly refusal: {
    readonly sip: number;
    readonly http: number;
    readonly text: string;
    readonly announcement?: string | null;
    readonly profile: string | null;
  } | null;
  readonly revision: number;
  readonly epoch: string | number;
  readonly staleForMs: number;
}

export interface ChangeView {
  readonly revision: number;
  readonly at: string;
  readonly actor: string;
  readonly kind: string;
  readonly entity: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
  readonly total: number | null;
}

export interface InstallationView {
  readonly version: string;
  readonly installation: string;
  readonly epoch: string | number;
  readonly revision: number;
  readonly entities: number;
  readonly schemaVersion: number | string;
}
