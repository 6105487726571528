/** Holds as a table, the ones in force first. */
import type { HoldView } from '#cli/api-types.ts';
import type { Paint } from '#cli/terminal.ts';
import { tableLines } from './table.ts';
import { timeText } from './words.ts';

/** The lines of a table of holds; none for no holds. */
export function holdTable(holds: readonly HoldView[], paint: Paint): string[] {
  const sorted = holds.toSorted(
    (a, b) => Number(b.inForce) - Number(a.inForce) || a.placedAt.localeCompare(b.placedAt),
  );
  return tableLines(
    sorted,
    [
      { title: 'profile', cell: (hold) => hold.profile },
      { title: 'state', cell: (hold) => stateText(hold, paint) },
      { title: 'authority', cell: (hold) => hold.authority },
      { title: 'subject', cell: (hold) => hold.subject ?? '-' },
      { title: 'placed by', cell: authorText },
      { title: 'from', cell: (hold) => timeText(hold.activatedAt ?? hold.startsAt ?? hold.placedAt) },
      { title: 'until', cell: (hold) => timeText(hold.endedAt ?? hold.endsAt ?? '') || '-' },
      {
        title: 'note',
        cell: (hold) =>
          [hold.note, hold.externalRef === null ? null : `(${hold.externalRef})`].filter(Boolean).join(' '),
      },
      { title: 'id', cell: (hold) => hold.id },
    ],
    paint,
  );
}

/** Of a hold that was placed above the reader's account only the level is told, in place of the author. */
function authorText(hold: HoldView): string {
  return hold.placedByName ?? (hold.placedBy === hold.authority ? 'an account above' : hold.placedBy);
}

function stateText(hold: HoldView, paint: Paint): string {
  if (hold.inForce) return paint('red', 'in force');
  if (hold.endedAt !== null) return paint('gray', hold.endCause === null ? 'ended' : `ended: ${hold.endCause}`);
  return paint('yellow', 'scheduled');
}
