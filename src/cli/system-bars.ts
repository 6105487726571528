/**
 * How far each system has come with a change, on standard error: a bar for each at a terminal, plain lines now and then in a
 * pipe, nothing for machines.
 */
import cliProgress from 'cli-progress';
import type { SystemTotals } from './system-types.ts';
import { countText } from './render/words.ts';
import type { Terminal } from './terminal.ts';

export interface SystemBars {
  readonly update: (systems: readonly SystemTotals[]) => void;
  /** Leaves the terminal as it was. Must be called, also after a failure. */
  readonly stop: () => void;
}

/** How often a pipe is told. */
const LINE_EVERY_MS = 5_000;

/** Targets of which nothing more is to come by itself. */
export function doneOf({ confirmed, failed, acknowledged, superseded }: SystemTotals): number {
  return confirmed + failed + acknowledged + superseded.confirmed + superseded.open;
}

/** What is not as it should be, in words; empty when all is well. */
export function troubleOf({ retrying, failed, acknowledged, waiting }: SystemTotals): string {
  const parts = [
    [waiting, 'being worked on there'],
    [retrying, 'to be tried again'],
    [failed, 'in need of a person'],
    [acknowledged, 'acknowledged'],
  ] as const;
  return parts.flatMap(([count, words]) => (count > 0 ? [`${countText(count)} ${words}`] : [])).join(', ');
}

export function makeSystemBars(terminal: Terminal, isJson: boolean): SystemBars {
  if (isJson) return { update: () => undefined, stop: () => undefined };
  return terminal.isErrorTty ? movingBars(terminal) : plainLines(terminal);
}

function movingBars(terminal: Terminal): SystemBars {
  const bars = new cliProgress.MultiBar({
    format: '{system} [{bar}] {percentage}% {value}/{total} {note}',
    stream: terminal.errorStream,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
  });
  const known = new Map<string, cliProgress.SingleBar>();
  return {
    update: (systems) => {
      const width = Math.max(0, ...systems.map(({ system }) => system.length));
      for (const totals of systems) {
        const { system, targets } = totals;
        const payload = { system: system.padEnd(width), note: troubleOf(totals) };
        const bar = known.get(system) ?? bars.create(targets, 0, payload);
        known.set(system, bar);
        bar.setTotal(targets);
        bar.update(doneOf(totals), payload);
      }
    },
    stop: () => bars.stop(),
  };
}

function plainLines(terminal: Terminal): SystemBars {
  let saidMs = Date.now();
  return {
    update: (systems) => {
      if (Date.now() - saidMs < LINE_EVERY_MS) return;
      saidMs = Date.now();
      for (const totals of systems) {
        const trouble = troubleOf(totals);
        const done = `${countText(doneOf(totals))} of ${countText(totals.targets)}`;
        terminal.note(`${totals.system}: ${done}${trouble === '' ? '' : `, ${trouble}`}`);
      }
    },
    stop: () => undefined,
  };
}
