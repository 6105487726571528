/** Actions on the command line: one that does not exist is refused here, with those that do. */
import { type Action, ACTIONS, isAction } from '#core/action.ts';
import { UsageError } from './exit-code.ts';

/** Reads an action. */
export function readAction(text: string): Action {
  if (!isAction(text)) throw new UsageError(`action must be one of ${ACTIONS.join(', ')}, not "${text}"`);
  return text;
}
