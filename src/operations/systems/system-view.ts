/** Systems and their kinds as callers see them: settings and state, and of secrets only which are set. */
import type { Field, Fields, Json } from '#core/field.ts';
import type { Pace, SystemKind, SystemKindName } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { OperationContext } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { uuidsOf } from '#store/entity.ts';
import { type OutcomeCounts, type SweepLag, countOutcomes, noOutcomes, readSweepLag } from '#store/system-list.ts';
import { type SystemRow, openSecrets } from '#store/system.ts';

export interface SystemView extends Pace {
  readonly id: string;
  readonly name: string;
  readonly kind: SystemKindName;
  /** The account whose things it is told of; null for a reader who may not know. */
  readonly account: string | null;
  readonly settings: Readonly<Record<string, Json>>;
  /** Whether each is set; never what it is. */
  readonly secrets: Readonly<Record<string, boolean>>;
  readonly drift: 'off' | 'report' | 'repair';
  readonly state: SystemState;
  readonly targets: OutcomeCounts;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface SystemState {
  /** `closed`: it is told; `open`: nothing is sent until `openUntil`; `trying`: one request finds out whether it answers. */
  readonly circuit: 'closed' | 'open' | 'trying';
  readonly openUntil: string | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastProblem: string | null;
  /** `by` is for the platform alone. */
  readonly paused: { readonly since: string; readonly by: string | null; readonly note: string | null } | null;
  /** Changes of the log that were not looked at for targets yet, and the age of the first of them. */
  readonly sweepLag: { readonly changes: number; readonly ms: number };
  readonly nextDriftSweepAt: string | null;
}

/** Views of systems, in their order. Their targets are counted. */
export async function systemViews(
  context: OperationContext,
  session: Session,
  scope: number,
  rows: readonly SystemRow[],
): Promise<SystemView[]> {
  const counts = await countOutcomes(
    session,
    rows.map(({ id }) => id),
  );
  const lag = await readSweepLag(session);
  const accounts = await uuidsOf(session, [...new Set(rows.map((row) => row.account_id))], scope);
  return rows.map((row) => ({
    id: row.uuid,
    name: row.name,
    kind: row.kind,
    account: accounts.get(row.account_id) ?? null,
    settings: shownSettings(SYSTEM_KIND[row.kind], row),
    secrets: setSecrets(context, row),
    ...paceOf(row),
    drift: row.drift,
    state: stateOf(row, lag, context.clock(), scope),
    targets: counts.get(row.id) ?? noOutcomes(),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }));
}

export async function systemView(
  context: OperationContext,
  session: Session,
  scope: number,
  row: SystemRow,
): Promise<SystemView> {
  const [view] = await systemViews(context, session, scope, [row]);
  if (view === undefined) throw new Error('a view for each system');
  return view;
}

/** The pace of a system from its row. */
export function paceOf(row: SystemRow): Pace {
  return {
    concurrency: row.concurrency,
    rate: row.rate,
    timeoutMs: row.timeout_ms,
    flightMaxMs: row.flight_max_ms,
    retryMinMs: row.retry_min_ms,
    retryMaxMs: row.retry_max_ms,
    breakerFailures: row.breaker_failures,
    breakerOpenMs: row.breaker_open_ms,
    driftEveryMs: row.drift_every_ms,
  };
}

function shownSettings(kind: SystemKind, row: SystemRow): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(kind.settings)
      .filter(([, field]) => field.secret !== true)
      .map(([name]) => [name, row.settings[name] ?? null]),
  );
}

function setSecrets({ sealingKey }: OperationContext, row: SystemRow): Record<string, boolean> {
  const secrets = openSecrets(sealingKey, row);
  return Object.fromEntries(
    Object.keys(SYSTEM_KIND[row.kind].secrets).map((name) => [name, (secrets[name] ?? null) !== null]),
  );
}

function stateOf(row: SystemRow, lag: SweepLag, now: Date, scope: number): SystemState {
  const { open_until: until } = row;
  return {
    circuit: until === null ? 'closed' : until > now ? 'open' : 'trying',
    openUntil: until?.toISOString() ?? null,
    failures: row.failures,
    lastProblem: row.last_problem,
    paused:
      row.paused_at === null
        ? null
        : { since: row.paused_at.toISOString(), by: scope === 0 ? row.paused_by : null, note: row.pause_note },
    sweepLag: { changes: lag.changes, ms: lag.ms },
    nextDriftSweepAt: row.drift === 'off' ? null : (row.drift_due_at?.toISOString() ?? null),
  };
}

export interface FieldView {
  readonly name: string;
  readonly type: Field['type'];
  readonly note: string;
  readonly required: boolean;
  readonly immutable: boolean;
  /** Kept by Abeyance itself: it cannot be given. */
  readonly computed: boolean;
  readonly default: Json;
  readonly oneOf: readonly string[] | null;
  readonly min: number | null;
  /** Of an integer the largest, of a text the most characters. */
  readonly max: number | null;
}

export interface SystemKindView {
  readonly kind: SystemKindName;
  readonly note: string;
  readonly reach: SystemKind['reach'];
  /** Kinds of entities that it can be told of. */
  readonly serves: readonly string[];
  /** Whether it can say what it has, so that drift can be found. */
  readonly observes: boolean;
  readonly settings: readonly FieldView[];
  readonly secrets: readonly FieldView[];
  /** What is taken where nothing is said. */
  readonly pace: Pace;
}

export function kindView(kind: SystemKind): SystemKindView {
  return {
    kind: kind.name,
    note: kind.note,
    reach: kind.reach,
    serves: kind.serves,
    observes: kind.observes,
    settings: fieldViews(kind.settings),
    secrets: fieldViews(kind.secrets),
    pace: kind.pace,
  };
}

function fieldViews(fields: Fields): FieldView[] {
  return Object.entries(fields).map(([name, field]) => ({
    name,
    type: field.type,
    note: field.note,
    required: field.required === true,
    immutable: field.immutable === true,
    computed: field.computed === true,
    default: 'default' in field ? (field.default ?? null) : null,
    oneOf: field.type === 'text' ? (field.oneOf ?? null) : null,
    min: field.type === 'integer' ? field.min : null,
    max: 'max' in field ? field.max : null,
  }));
}
