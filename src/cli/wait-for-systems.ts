/** Waiting until every system agrees with what was just changed, or nothing more is to come by itself. */
import type { Command } from 'commander';
import type { ReceiptView, SystemTotals } from './system-types.ts';
import { Interrupted } from './client-error.ts';
import { EXIT, type ExitCode, UsageError } from './exit-code.ts';
import { countText } from './render/words.ts';
import type { Session } from './session.ts';
import { doneOf, makeSystemBars, troubleOf } from './system-bars.ts';

export interface WaitOptions {
  /** True: as long as is usual. */
  readonly wait?: string | true;
}

/** As long as somebody watches a terminal. */
const WAIT_DEFAULT_MS = 10 * 60_000;
/** A bar moves as often as this. */
const LOOK_MS = 500;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export function addWaitOption(command: Command): Command {
  return command.option('--wait [duration]', 'wait until all systems agree: --wait=30s, --wait=5m (10m)');
}

/** Milliseconds of `30s`, `5m`, `500ms`, `1h`, or seconds. Throws `UsageError`. */
export function readWait(wait: string | true): number {
  if (wait === true) return WAIT_DEFAULT_MS;
  const match = /^(\d{1,9})(ms|s|m|h)?$/.exec(wait);
  if (match === null) throw new UsageError(`--wait must be a time such as --wait=30s or --wait=5m, not "${wait}"`);
  return Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? 0);
}

/** The path of the receipt of a revision. */
export function operationPath(revision: string | number): string {
  return `/v1/operations/${encodeURIComponent(revision)}`;
}

/**
 * Shows the result of a change, and waits where that was asked for: people see the result, then the progress, then how it ended;
 * machines one object with the receipts beside the result. The exit code says whether all agree.
 */
export async function showAndWait(
  session: Session,
  options: WaitOptions,
  revisions: readonly number[],
  value: object,
  lines: () => void,
): Promise<ExitCode> {
  if (options.wait === undefined) {
    session.show(value, lines);
    return EXIT.done;
  }
  const waitMs = readWait(options.wait);
  if (!session.isJson) lines();
  const receipts = await waitForSystems(session, revisions, waitMs);
  session.show({ ...value, receipts }, () => {
    if (revisions.length === 0) session.terminal.line('Nothing was changed of which a system had to be told.');
    for (const receipt of receipts) for (const line of receiptLines(receipt)) session.terminal.line(line);
  });
  return exitOf(receipts);
}

/** Waits for each of the operations, one after the other, all within the time. */
export async function waitForSystems(
  session: Session,
  revisions: readonly number[],
  waitMs: number,
): Promise<ReceiptView[]> {
  const endMs = performance.now() + waitMs;
  const receipts: ReceiptView[] = [];
  const bars = makeSystemBars(session.terminal, session.isJson);
  try {
    for (const revision of revisions) {
      for (let isOver = false; !isOver;) {
        const leftMs = Math.max(0, Math.ceil(endMs - performance.now()));
        const receipt = await session.client.get<ReceiptView>(operationPath(revision), {
          wait: `${Math.min(LOOK_MS, leftMs)}ms`,
          limit: 1,
        });
        bars.update(receipt.systems);
        isOver = receipt.state === 'settled' || leftMs === 0;
        if (isOver) receipts.push(receipt);
      }
    }
  } catch (error) {
    bars.stop();
    const revision = revisions[receipts.length];
    if (error instanceof Interrupted && revision !== undefined)
      session.terminal.note(`What was changed stays changed, and the systems are told: ${again(revision)}`);
    throw error;
  }
  bars.stop();
  return receipts;
}

/** 0 when all agree; otherwise only a part is done. */
export function exitOf(receipts: readonly ReceiptView[]): ExitCode {
  const isDone = receipts.every(
    ({ state, systems }) =>
      state === 'settled' && systems.every(({ failed, acknowledged }) => failed + acknowledged === 0),
  );
  return isDone ? EXIT.done : EXIT.partlyDone;
}

/** How it stands with each system, a line each. */
export function receiptLines({ revision, state, systems }: ReceiptView): string[] {
  if (systems.length === 0)
    return [
      state === 'settled'
        ? 'No system had to be told.'
        : `Which systems are to be told is not known yet: ${again(revision)}`,
    ];
  return [...systems.map(lineOf), ...(state === 'settled' ? [] : [`It goes on: ${again(revision)}`])];
}

const again = (revision: number) => `abeyance operations ${revision} --wait`;

function lineOf(totals: SystemTotals): string {
  const { system, targets, confirmed, failed, superseded } = totals;
  const passed = superseded.confirmed + superseded.open;
  if (passed === targets) return `System ${system}: all ${countText(targets)} changed again since.`;
  const later = passed > 0 ? [`${countText(passed)} changed again since`] : [];
  const open = targets - doneOf(totals);
  const trouble = troubleOf(totals);
  const parts = [...later, ...(trouble === '' ? [] : [trouble]), ...(open > 0 ? [`${countText(open)} open`] : [])];
  const agreed =
    confirmed === targets
      ? `all ${countText(targets)} agree`
      : `${countText(confirmed)} of ${countText(targets)} agree`;
  const help = failed > 0 ? ` See: abeyance targets ${system} --outcome failed` : '';
  return `System ${system}: ${[agreed, ...parts].join(', ')}.${help}`;
}
