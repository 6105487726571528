/** One event as a line: when, what became of which account, and by which change. */
import type { EventNews, StandingNews } from '#core/event.ts';
import type { Paint } from '#cli/terminal.ts';
import { standingWord, timeText } from './words.ts';

export function eventLine(event: EventNews, paint: Paint): string {
  const { before, after } = event;
  const word = ({ standing }: StandingNews) => standingWord(standing, paint);
  const became = before === null ? word(after) : `${word(before)} -> ${word(after)}`;
  const by = [
    event.cause,
    ...(event.profile === null ? [] : [event.profile]),
    ...(event.entity === null || event.entity === event.account ? [] : [`on ${event.entity}`]),
  ].join(' ');
  return `${paint('gray', `${event.sequence}  ${timeText(event.at)}`)}  ${paint('bold', event.type)}  ${event.account}  ${became}${paint('gray', `  ${by} by ${event.actor}`)}`;
}
