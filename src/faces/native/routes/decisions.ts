/** Decisions. A "no" is a successful answer. */
import { z } from 'zod';

import { problem } from '#core/problem.ts';
import { type Question, decide, decideMany } from '#operations/decide.ts';
import type { Actor } from '#operations/context.ts';
import { refuseUnknown } from '#operations/resolve.ts';

import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['decisions'];
const query = z.object({
  subject: z.string().describe('Such as sip:alice@example.com, tel:+31208005100, a UUID.'),
  action: z.string(),
  destination: z.string().optional().describe('What is called, so that emergency numbers are known as such.'),
  atRevision: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a revision')
    .optional()
    .describe('At least this revision; waits up to a second.'),
});

export function decisionRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/decisions',
    {
      schema: {
        summary: 'May the subject do the action now?',
        tags,
        querystring: query,
        response: { 200: schemas.decision, '4xx': schemas.problem },
      },
      // A decision takes microseconds and logs nothing but failures: a logger of its own would be a good part of its cost.
      childLoggerFactory: (logger) => logger,
    },
    (request) => {
      const { atRevision } = request.query;
      const answer = (actor: Actor) =>
        decide(context, actor, request.query, atRevision === undefined ? undefined : Number(atRevision));
      // Whoever is known is answered in the same turn.
      const actor = actorOf(deps, request);
      return actor instanceof Promise ? actor.then(answer) : answer(actor);
    },
  );
  app.post(
    '/decisions',
    {
      schema: {
        summary: 'Up to 1,000 questions at once',
        tags,
        body: schemas.questions,
        response: { 200: schemas.decisions, '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      const body = request.body as { questions?: unknown; atRevision?: unknown }; // The validator lets only objects through.
      refuseUnknown(body, ['questions', 'atRevision'], 'a list of questions');
      const { questions, atRevision } = body;
      if (!Array.isArray(questions))
        throw problem('invalid', 'questions: must be a list', {
          errors: [{ field: 'questions', message: 'must be a list of {subject, action, destination}' }],
        });
      if (
        atRevision !== undefined &&
        (typeof atRevision !== 'number' || !Number.isSafeInteger(atRevision) || atRevision < 0)
      )
        throw problem('invalid', 'atRevision: must be a revision', {
          errors: [{ field: 'atRevision', message: 'must be a revision' }],
        });
      const list = questions.map((question: unknown) =>
        typeof question === 'object' && question !== null ? (question as Question) : {},
      );
      return { answers: await decideMany(context, actor, list, atRevision) };
    },
  );
}
