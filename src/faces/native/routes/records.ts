/** Records of calls, messages and the like: told by connected systems, and listed. */
import { z } from 'zod';

import { RECORD_KINDS } from '#core/record.ts';
import { listRecords } from '#operations/list-records.ts';
import { putRecords as put } from '#operations/put-records.ts';

import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import { putRecords, record, recordReport } from '#faces/native/record-schemas.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['records'];
const query = z.object({
  account: z.string().optional().describe('Whose; the own account if it is absent.'),
  beneath: schemas.flag.optional().describe('Of all accounts beneath it, too.'),
  closed: schemas.flag.optional().describe('Of closed accounts, too.'),
  since: z.string().optional().describe('Created at this time or later (RFC 3339).'),
  until: z.string().optional().describe('Created before this time (RFC 3339).'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  total: z.literal('exact').optional(),
});

export function recordRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.post(
    '/records',
    {
      schema: {
        summary: 'Tell of calls, messages, recordings, transcriptions and conferences',
        description:
          'Each is written once, however often it is told: by its id, or by the name that its source has for it.',
        tags,
        body: recordReport,
        response: { 200: putRecords, '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return put(context, actor, request.body);
    },
  );
  app.get(
    '/records/:kind',
    {
      schema: {
        summary: 'The records of an account, the newest first',
        tags,
        params: z.object({ kind: z.enum(RECORD_KINDS) }),
        querystring: query,
        response: { 200: schemas.pageOf(record, 'RecordPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return listRecords(context, actor, request.params.kind, request.query);
    },
  );
}
