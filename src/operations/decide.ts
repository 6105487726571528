/** Answers whether subjects may act now, from memory, and says why not. */
import { ACTIONS, type Action, isAction } from '#core/action.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import type { Decision } from '#decisions/answer.ts';
import type { DecideOptions, DecisionEngine } from '#decisions/engine.ts';
import { outsideReason } from '#operations/reason-view.ts';
import { requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';

export interface Question {
  readonly subject?: unknown;
  readonly action?: unknown;
  /** The number or address that is called, so that emergency calls are known as such. */
  readonly destination?: unknown;
}

export interface Answer extends Decision {
  readonly subject: string;
}

/** The most questions of one request. */
export const QUESTIONS_MAX = 1_000;
const SUBJECT_MAX = 512;

/**
 * Decides one question at the given revision or a later one; at once unless that has to be waited for. An unknown subject is `unknown`, never allowed. Throws
 * `invalid`, and `unavailable` when the revision is not reached within a second.
 */
export function decide(
  context: OperationContext,
  actor: Actor,
  question: Question,
  atRevision?: number,
): Answer | Promise<Answer> {
  requirePermission(actor, 'decision:ask');
  const { subject, action, destination } = readOne(question);
  const { engine } = context;
  const options = destination === undefined ? undefined : { destination };
  if (atRevision === undefined || atRevision <= engine.revision)
    return decideNow(engine, actor, subject, action, options);
  return waitFor(context, atRevision).then(() => decideNow(engine, actor, subject, action, options));
}

/**
 * Decides one question from memory, for an actor whose permission the caller has judged. Without a subject it is about
 * `self`, by the number of the entity. Throws `invalid`.
 */
export function decideAtOnce(engine: DecisionEngine, actor: Actor, question: Question, self?: number): Decision {
  const isAboutSelf = question.subject === undefined && self !== undefined;
  const { subject, action, destination } = readOne(isAboutSelf ? { ...question, subject: 'self' } : question);
  const options = destination === undefined ? undefined : { destination };
  return isAboutSelf ? engine.decideFor(self, action, options) : decideNow(engine, actor, subject, action, options);
}

/** A subject that the actor may not see is unknown to it, and so is who stands above and holds it. */
function decideNow(
  engine: DecisionEngine,
  actor: Actor,
  subject: string,
  action: Action,
  options: DecideOptions | undefined,
): Answer {
  if (actor.accountId === 0) return { subject, ...engine.decide(subject, action, options) };
  const entity = engine.find(subject);
  if (entity === null || !engine.isWithin(entity, actor.accountId))
    return { subject, ...engine.decideFor(-1, action, options) };
  const decision = engine.decideFor(entity, action, options);
  return { subject, ...decision, reasons: decision.reasons.map((reason) => outsideReason(engine, actor, reason)) };
}

async function waitFor(context: OperationContext, atRevision: number): Promise<void> {
  if (await context.engine.waitFor(atRevision, ENGINE_WAIT_MS)) return;
  throw problem('unavailable', `This process holds revision ${context.engine.revision}, not yet ${atRevision}.`, {
    facts: { revision: context.engine.revision },
  });
}

/** Decides up to a thousand questions. Throws `invalid` when any of them is none. */
export async function decideMany(
  context: OperationContext,
  actor: Actor,
  questions: readonly Question[],
  atRevision?: number,
): Promise<Answer[]> {
  requirePermission(actor, 'decision:ask');
  if (questions.length > QUESTIONS_MAX)
    throw invalid({
      field: 'questions',
      message: `must have at most ${QUESTIONS_MAX} questions, has ${questions.length}`,
    });
  const errors: FieldError[] = [];
  const read = questions.map((question, index) => readQuestion(question, `questions[${index}].`, errors));
  if (errors.length > 0) throw invalid(...errors);
  if (atRevision !== undefined) await waitFor(context, atRevision);
  return read.map(({ subject, action, destination }) =>
    decideNow(context.engine, actor, subject, action, destination === undefined ? undefined : { destination }),
  );
}

/** How long a question waits for its revision, in milliseconds. */
const ENGINE_WAIT_MS = 1_000;

function readOne(question: Question): ReturnType<typeof readQuestion> {
  const errors: FieldError[] = [];
  const read = readQuestion(question, '', errors);
  if (errors.length > 0) throw invalid(...errors);
  return read;
}

function readQuestion(
  question: Question,
  prefix: string,
  errors: FieldError[],
): { subject: string; action: Action; destination: string | undefined } {
  const { subject, action, destination } = question;
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value.length > 0 && value.length <= SUBJECT_MAX;
  if (!isText(subject))
    errors.push({
      field: `${prefix}subject`,
      message: `must be a name such as sip:alice@example.com, of at most ${SUBJECT_MAX} characters`,
    });
  if (typeof action !== 'string' || !isAction(action))
    errors.push({ field: `${prefix}action`, message: `must be one of ${ACTIONS.join(', ')}` });
  if (destination !== undefined && destination !== null && !isText(destination))
    errors.push({
      field: `${prefix}destination`,
      message: `must be a number or an address of at most ${SUBJECT_MAX} characters`,
    });
  return {
    subject: String(subject),
    action: action as Action,
    destination: isText(destination) ? destination : undefined,
  };
}
