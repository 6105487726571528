/**
 * What somebody wants to do, and sets of it as bit masks. The order is part of the database's enforcement views:
 * new actions are appended, none is ever moved.
 */
export const ACTIONS = [
  'register',
  'call.out',
  'call.in',
  'call.emergency',
  'message.out',
  'message.in',
  'api',
  'sign_in',
  'dns',
  'mail.read',
  'mail.send',
  'mail.receive',
  'provision',
] as const;

export type Action = (typeof ACTIONS)[number];

/** A set of actions, one bit each in the order of `ACTIONS`. */
export type ActionMask = number;

export const ACTION_BIT: Readonly<Record<Action, number>> = Object.freeze(
  Object.fromEntries(ACTIONS.map((action, index) => [action, 1 << index])) as Record<Action, number>,
);

export const ALL_ACTIONS: ActionMask = (1 << ACTIONS.length) - 1;
export const EMERGENCY: ActionMask = ACTION_BIT['call.emergency'];
export const ALL_BUT_EMERGENCY: ActionMask = ALL_ACTIONS & ~EMERGENCY;

export function isAction(text: string): text is Action {
  return Object.hasOwn(ACTION_BIT, text);
}

export function maskOf(actions: Iterable<Action>): ActionMask {
  let mask = 0;
  for (const action of actions) mask |= ACTION_BIT[action];
  return mask;
}

export function actionsIn(mask: ActionMask): Action[] {
  return ACTIONS.filter((action) => (mask & ACTION_BIT[action]) !== 0);
}
