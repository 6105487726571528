/**
 * The progress of long work on standard error: a bar that moves for a person, plain lines now and then in a pipe.
 *
 * Nothing moves backwards, nothing is shown for work that is over in a moment, and machines (`--json`) see none of it.
 */
import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.ts';

export interface Progress {
  readonly update: (done: number, total: number | null, note?: string) => void;
  /** Leaves the terminal as it was. Must be called, also after a failure. */
  readonly stop: () => void;
}

/** How often a pipe is told. */
const LINE_EVERY_MS = 5000;
/** Work that ends sooner needs no bar. */
const SILENT_MS = 400;

const silence: Progress = { update: () => undefined, stop: () => undefined };

/** Makes the progress of one piece of work, counted in `unit`. */
export function makeProgress(terminal: Terminal, label: string, unit: string, isJson: boolean): Progress {
  if (isJson) return silence;
  return terminal.isErrorTty ? makeBar(terminal, label, unit) : makeLines(terminal, label, unit);
}

function makeBar(terminal: Terminal, label: string, unit: string): Progress {
  const startedMs = Date.now();
  let bar: cliProgress.SingleBar | null = null;
  let totalShown = 0;
  return {
    update: (done, total, note = '') => {
      if (bar === null) {
        if (Date.now() - startedMs < SILENT_MS) return;
        bar = new cliProgress.SingleBar({
          format: `${label} [{bar}] {percentage}% {amount} {note}`,
          stream: terminal.errorStream,
          hideCursor: true,
          clearOnComplete: true,
          barsize: 30,
          barCompleteChar: '=',
          barIncompleteChar: ' ',
          etaBuffer: 100,
        });
        bar.start(total ?? 0, done, { amount: '', note: '' });
      }
      if (total !== null && total !== totalShown) {
        totalShown = total;
        bar.setTotal(total);
      }
      bar.update(Math.min(done, total ?? done), { amount: amountText(done, total, unit), note });
    },
    stop: () => bar?.stop(),
  };
}

function makeLines(terminal: Terminal, label: string, unit: string): Progress {
  let saidMs = Date.now();
  return {
    update: (done, total, note = '') => {
      if (Date.now() - saidMs < LINE_EVERY_MS) return;
      saidMs = Date.now();
      terminal.note(`${label}: ${amountText(done, total, unit)}${note === '' ? '' : `, ${note}`}`);
    },
    stop: () => undefined,
  };
}

function amountText(done: number, total: number | null, unit: string): string {
  if (unit === 'bytes') return total === null ? sizeText(done) : `${sizeText(done)} of ${sizeText(total)}`;
  const shown = done.toLocaleString('en');
  return total === null ? `${shown} ${unit}` : `${shown} of ${total.toLocaleString('en')} ${unit}`;
}

/** A number of bytes in the unit that suits it. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? 'B'}`;
}
