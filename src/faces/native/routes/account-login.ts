/** The login of an account itself, by which clients of the account APIs sign in. */
import { putAccountLogin, readAccountLogin } from '#operations/telephony/put-account-login.ts';

import { actorOf, answerWrite } from '#faces/native/exchange.ts';
import * as shapes from '#faces/native/identity-schemas.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

export function accountLoginRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  const common = {
    tags: ['logins'],
    params: schemas.entityParams,
    response: { 200: shapes.accountLogin, '4xx': schemas.problem },
  };
  app.get(
    '/entities/:id/account-login',
    {
      schema: {
        summary: "Read an account's own login",
        description: 'With its auth token, which is as good as the login itself: this needs login:write.',
        ...common,
      },
    },
    async (request) => readAccountLogin(context, await actorOf(deps, request), request.params.id),
  );
  app.put(
    '/entities/:id/account-login',
    {
      schema: {
        summary: 'Give an account a login of its own, or change that',
        description:
          'A new password makes a new token. An Idempotency-Key is not kept, because it would keep the token; the same ' +
          'request again does the same again.',
        body: shapes.putAccountLogin,
        ...common,
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await putAccountLogin(context, actor, request.params.id, body), 200);
    },
  );
}
