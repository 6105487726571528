/**
 * What a plan would change, by kind, in words.
 */
import type { Count, PlanView, PlannedSystem } from '#cli/api-types.ts';
import type { Paint } from '#cli/terminal.ts';
import { tableLines } from './table.ts';
import { countText, entitiesText, kindWord, timeText } from './words.ts';

/** The lines that show an effect; `what` is the sentence's head, such as `Suspending account Acme`. */
export function planLines(what: string, plan: PlanView, paint: Paint): string[] {
  const { changing, alreadyHeld, unchanged, beneath, laggingZones, portOutPending, systems = [] } = plan.effect;
  const lines = [
    `${what} would change ${paint('bold', entitiesText(changing.total))} of the ${countText(beneath)} that it reaches.`,
    ...countLines({ changing, 'held before': alreadyHeld, unchanged }, paint).map((line) => `  ${line}`),
  ];
  if (laggingZones !== undefined) lines.push(laggingLine(laggingZones));
  lines.push(...systems.map((system) => `  ${plannedLine(system)}`));
  if (portOutPending !== undefined) lines.push(portingLine(portOutPending));
  lines.push(paint('gray', `Made at revision ${plan.revision}, good until ${timeText(plan.expiresAt)}.`));
  return lines;
}

/** What a system would be told. */
function plannedLine({ system, targets, told, unchanged }: PlannedSystem): string {
  const parts = Object.entries(told).map(([verb, count]) => `${verb} ${countText(count)}`);
  if (unchanged > 0) parts.push(`nothing new for ${countText(unchanged)}`);
  return `System ${system} would be told of ${countText(targets)}: ${parts.join(', ')}.`;
}

/** Which zones others go on serving as before. */
function laggingLine({ count, names, isPartial }: NonNullable<PlanView['effect']['laggingZones']>): string {
  const more = count > names.length ? ` and ${countText(count - names.length)} more` : '';
  const zones = count === 1 ? '1 zone has' : `${countText(count)} zones have`;
  return `  ${isPartial === true ? 'At least ' : ''}${zones} foreign secondaries, which follow only when they transfer again: ${names.join(', ')}${more}`;
}

/** Which numbers must not be cut. */
function portingLine({ count, numbers }: NonNullable<PlanView['effect']['portOutPending']>): string {
  const more = count > numbers.length ? ` and ${countText(count - numbers.length)} more` : '';
  const what = count === 1 ? '1 number has' : `${countText(count)} numbers have`;
  return `  ${what} been asked for by another operator, and should not be cut before they are ported: ${numbers.join(', ')}${more}`;
}

function countLines(counts: Readonly<Record<string, Count>>, paint: Paint): string[] {
  const shown = Object.entries(counts).filter(([, count]) => count.total > 0);
  const kinds = [...new Set(shown.flatMap(([, { byKind }]) => Object.keys(byKind)))].toSorted();
  const number = (count: number) => (count === 0 ? '-' : countText(count));
  return tableLines(
    kinds,
    [
      { title: '', cell: (kind) => kindWord(kind, 2) },
      ...shown.map(([title, count]) => ({
        title,
        align: 'right' as const,
        cell: (kind: string) => number(count.byKind[kind] ?? 0),
      })),
    ],
    paint,
  );
}
