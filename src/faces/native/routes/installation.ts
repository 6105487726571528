/** The installation as a whole: its state, its export, its verification. */
import { Readable } from 'node:stream';

import { z } from 'zod';

import { exportTree } from '#operations/export-tree.ts';
import { readStatus } from '#operations/read-status.ts';
import { verifyInstallation } from '#operations/verify-installation.ts';

import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['installation'];
const NDJSON = 'application/x-ndjson';
const jsonLines = (description: string) => ({ 200: { description, content: { [NDJSON]: { schema: z.string() } } } });

export function installationRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/status',
    { schema: { summary: 'What runs here', tags, response: { 200: schemas.status } } },
    async (request) => {
      const actor = await actorOf(deps, request);
      return { version: deps.version, ...(await readStatus(context, actor)) };
    },
  );
  app.get(
    '/export',
    {
      schema: {
        summary: 'Everything open, as JSON Lines that an import reads',
        tags,
        querystring: z.object({
          root: z.string().optional(),
          secrets: schemas.flag.optional().describe('Digests of passwords, too.'),
        }),
        response: jsonLines('A header, then the items of a bulk request.'),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { root, secrets } = request.query;
      return reply.type(NDJSON).send(lines(exportTree(context, actor, { root, secrets: secrets === true })));
    },
  );
  app.post(
    '/verify',
    {
      schema: {
        summary: 'Verify the chain of changes, the chains of accounts, the credits used, and every standing',
        description: 'Progress as JSON Lines, the result last.',
        tags,
        response: jsonLines('Progress, and at last what was found.'),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      return reply.type(NDJSON).send(lines(verifyInstallation(context, actor)));
    },
  );
}

function lines(values: AsyncIterable<unknown>): Readable {
  async function* text() {
    for await (const value of values) yield `${JSON.stringify(value)}\n`;
  }
  return Readable.from(text());
}
