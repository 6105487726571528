/** Media of recordings, which are open to whoever has the link. */
import type { FastifyInstance } from 'fastify';

import { problem } from '#core/problem.ts';
import type { OperationContext } from '#operations/context.ts';
import { findMedia } from '#operations/telephony/account-records.ts';

import { openRoute } from './account-routes.ts';

/** A redirect to where the file lies, for each suffix; `name` is what the face calls a recording in its paths. */
export function mediaRoutes(
  scope: FastifyInstance,
  context: OperationContext,
  name: string,
  suffixes: readonly string[],
): void {
  for (const suffix of suffixes)
    openRoute(scope, {
      method: 'GET',
      url: `/Accounts/:account/Recordings/:${name}.${suffix}`,
      handle: async ({ reply, path }) => {
        const address = await findMedia(context, path['account'] ?? '', path[name] ?? '');
        if (address === null) throw problem('not_found', 'There are no such media.');
        return reply.redirect(address, 302);
      },
    });
}
