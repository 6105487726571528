/** What the native API answers of systems, targets and receipts, as far as commands look at it. */
export interface SystemView {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly account: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, boolean>>;
  readonly drift: string;
  readonly state: {
    readonly circuit: 'closed' | 'open' | 'trying';
    readonly openUntil: string | null;
    readonly failures: number;
    readonly lastProblem: string | null;
    readonly paused: { readonly since: string; readonly by: string | null; readonly note: string | null } | null;
    readonly sweepLag: { readonly changes: number; readonly ms: number };
  };
  readonly targets: Readonly<
    Record<'total' | 'confirmed' | 'drifted' | 'pending' | 'waiting' | 'retrying' | 'failed' | 'acknowledged', number>
  >;
  readonly version: number;
  readonly [field: string]: unknown;
}

export interface FieldView {
  readonly name: string;
  readonly type: string;
  readonly note: string;
  readonly required: boolean;
  readonly computed: boolean;
  readonly default: unknown;
  readonly oneOf: readonly string[] | null;
}

export interface SystemKindView {
  readonly kind: string;
  readonly note: string;
  readonly reach: string;
  readonly serves: readonly string[];
  readonly settings: readonly FieldView[];
  readonly secrets: readonly FieldView[];
  readonly pace: Readonly<Record<string, number | null>>;
}

export interface TargetView {
  readonly system: string;
  readonly entity: string;
  readonly entityNumber: number;
  readonly entityKind: string;
  readonly label: string;
  readonly outcome: string;
  readonly desiredGeneration: number;
  readonly confirmedGeneration: number;
  readonly problem: { readonly code: string; readonly detail: string | null } | null;
  readonly note: string | null;
  readonly attempts: number;
  readonly nextTryAt: string | null;
  readonly confirmedAt: string | null;
  /** To the platform alone. */
  readonly reference?: unknown;
}

export interface SystemTotals {
  readonly system: string;
  readonly targets: number;
  readonly confirmed: number;
  readonly pending: number;
  readonly waiting: number;
  readonly retrying: number;
  readonly failed: number;
  readonly acknowledged: number;
  readonly superseded: { readonly confirmed: number; readonly open: number };
}

export interface ReceiptView {
  readonly revision: number;
  readonly state: 'expanding' | 'running' | 'settled';
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly entity: string | null;
  readonly systems: readonly SystemTotals[];
  readonly items: readonly TargetView[];
  readonly next: string | null;
}

/** A system that was just added, with the credentials that were made for it. */
export interface CreatedSystemView extends SystemView {
  readonly generated?: Readonly<Record<string, string>>;
}

export interface HandedOver {
  readonly system: SystemView;
  readonly fingerprint: string;
  readonly isRotation: boolean;
}
