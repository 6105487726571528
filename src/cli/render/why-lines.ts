/**
 * Why an entity stands as it does, in words: who holds what, where, since when, until when.
 *
 * The sentences say what the server answered and conclude nothing of their own.
 */
import { ACTIONS, ALL_BUT_EMERGENCY, actionsIn } from '#core/action.ts';
import type { DecisionView, EntityView, HoldView, ReasonView, StandingView } from '#cli/api-types.ts';
import type { Paint } from '#cli/terminal.ts';
import { entityName, kindTitle, listText, standingWord, timeText } from './words.ts';

type Named = Pick<EntityView, 'id' | 'kind' | 'label' | 'number'> & { readonly holds?: readonly HoldView[] };

/** The standing of an entity and each of its reasons. `chain` names those who may hold it from above, with their holds. */
export function whyLines(entity: Named, standing: StandingView, chain: readonly Named[], paint: Paint): string[] {
  const head = `${kindTitle(entity.kind)} ${paint('bold', entity.label)} (number ${entity.number}) is ${standingWord(standing.standing, paint)}.`;
  if (standing.reasons.length === 0) return [`${head} Nothing holds it.`];
  const names = new Map(chain.map((node) => [node.id, node]));
  return [head, ...standing.reasons.flatMap((reason) => reasonLines(reason, names, paint)), ...effectLines(standing)];
}

/** One reason: what holds, where it lies, and beneath it who placed it and for how long. */
export function reasonLines(reason: ReasonView, names: ReadonlyMap<string, Named>, paint: Paint): string[] {
  const known = reason.entity === null ? undefined : names.get(reason.entity);
  const name =
    reason.entity === null
      ? 'an account above'
      : known
        ? entityName(known)
        : `${reason.label ?? reason.entity} (number ${reason.entityNumber})`;
  const where = placeText(reason, name);
  if (reason.cause !== 'hold') {
    const since = reason.since === null ? '' : ` since ${timeText(reason.since)}`;
    return [`- ${paint('bold', CLOSED_TEXT[reason.cause])}${since}: ${name}`];
  }
  const hold = known?.holds?.find(({ id }) => id === reason.hold);
  // Of what was placed above the reader's account only the level is told, in place of the author.
  const author = hold?.placedByName ?? (reason.placedBy === reason.authority ? null : reason.placedBy);
  const by = author === null ? '' : ` by ${author}`;
  const subject = hold?.subject === undefined ? '' : ` in matters of ${hold.subject}`;
  const authority = reason.authority === null ? '' : ` with the authority of the ${reason.authority}${subject}`;
  const lines = [
    `- ${paint('bold', reason.profile ?? 'hold')}, ${where}`,
    `    since ${reason.since === null ? 'an unknown time' : timeText(reason.since)}, ${reason.until === null ? 'until somebody lifts it' : `until ${timeText(reason.until)}`}`,
  ];
  if (by !== '' || authority !== '') lines.push(`    placed${by}${authority}`);
  if (reason.note) lines.push(`    note: ${reason.note}`);
  if (reason.hold !== null) lines.push(paint('gray', `    hold ${reason.hold}`));
  return lines;
}

const CLOSED_TEXT = {
  closed: 'closed for ever',
  owner_closed: 'its owner is closed',
  target_closed: 'what answers it is closed',
} as const;

function placeText(reason: ReasonView, name: string): string {
  if (reason.via === 'target') return `held at what answers it: ${name}`;
  if (!reason.inherited) return 'placed on itself';
  return reason.via === 'owner' ? `inherited from the owner's side: ${name}` : `inherited from ${name}`;
}

/** What does not work, and what goes on working. */
function effectLines(standing: StandingView): string[] {
  const lines: string[] = [];
  const held = new Set([...standing.denied, ...standing.intercepted]);
  const isEverything = ACTIONS.every((action) => standing.denied.includes(action));
  const isAllButEmergency =
    !isEverything && actionsIn(ALL_BUT_EMERGENCY).every((action) => standing.denied.includes(action));
  if (isEverything) lines.push('Nothing operates, emergency calls included.');
  else if (isAllButEmergency) lines.push('Nothing operates but emergency calls.');
  else {
    if (standing.denied.length > 0) lines.push(`Denied: ${standing.denied.join(', ')}.`);
    if (standing.intercepted.length > 0) lines.push(`Intercepted: ${standing.intercepted.join(', ')}.`);
    const free = ACTIONS.filter((action) => !held.has(action));
    if (free.length > 0) lines.push(`Still possible: ${free.join(', ')}.`);
  }
  return lines;
}

/** One decision as a sentence, with its reasons beneath. */
export function decisionLines(decision: DecisionView, names: ReadonlyMap<string, Named>, paint: Paint): string[] {
  const question = `${decision.action} for ${decision.subject}`;
  const age = decision.staleForMs > 0 ? `, ${decision.staleForMs} ms behind` : '';
  const at = paint('gray', `(revision ${decision.revision}${age})`);
  const lines: string[] = [];
  if (decision.effect === 'allow') lines.push(`${paint('green', 'allow')}: ${question} ${at}`);
  else if (decision.effect === 'unknown')
    lines.push(
      `${paint('magenta', 'unknown')}: nobody is known as ${decision.subject}, so ${decision.action} is not allowed ${at}`,
    );
  else lines.push(`${paint(decision.effect === 'deny' ? 'red' : 'yellow', decision.effect)}: ${question} ${at}`);
  if (decision.refusal !== null) lines.push(`  ${refusalText(decision.refusal)}`);
  return [
    ...lines,
    ...decision.reasons.flatMap((reason) => reasonLines(reason, names, paint)).map((line) => `  ${line}`),
  ];
}

function refusalText(refusal: NonNullable<DecisionView['refusal']>): string {
  const words = [`SIP ${refusal.sip}`, `HTTP ${refusal.http}`, `"${refusal.text}"`];
  if (refusal.announcement) words.push(`announcement ${refusal.announcement}`);
  return `answered with ${listText(words)}${refusal.profile ? `, worded by ${refusal.profile}` : ''}`;
}
