/** Recordings and transcriptions: listed, read, removed; and media, which are open to whoever has the link. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import { mediaRoutes } from '#faces/shared/media-routes.ts';
import { listAccountRecords, readAccountRecord, removeAccountRecord } from '#operations/telephony/account-records.ts';

import { readSort, readSpan, withSubAccounts } from '../filters.ts';
import { sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { RECORDING, RECORDINGS, TRANSCRIPTION, TRANSCRIPTIONS } from '../shapes/recording.ts';
import { sidFilters } from './calls.ts';

const RECORDING_SORTS = { DateCreated: 'created_at', Duration: 'duration', CallSid: 'call' };
const TRANSCRIPTION_SORTS = { DateCreated: 'created_at', Duration: 'duration', Status: 'status' };

export function recordingRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Recordings',
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: async (call) => {
      const filter = {
        withBeneath: withSubAccounts(call.query),
        refersTo: sidFilters(call.query, { CallSid: 'call' }),
        between: { created_at: readSpan(call.query) },
        sort: readSort(call.query, RECORDING_SORTS),
      };
      return sendPage(call, RECORDINGS, (offset, limit) =>
        listAccountRecords(context, 'recording', call.account, filter, offset, limit),
      );
    },
  });
  mediaRoutes(scope, context, 'recording', ['wav', 'mp4']);
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Recordings/:recording',
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(reply, RECORDING, await readAccountRecord(context, actor, 'recording', account, path['recording'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: '/Accounts/:account/Recordings/:recording',
    right: ['Delete', 'Recordings'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      await settled(
        deps,
        reply,
        await removeAccountRecord(context, actor, 'recording', account, path['recording'] ?? ''),
      );
      return reply.code(200).send();
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Transcriptions',
    right: ['Read', 'Transcriptions'],
    target: 'under',
    handle: async (call) => {
      const filter = {
        withBeneath: withSubAccounts(call.query),
        has: call.query.by({ TranscriptionText: 'body' }),
        between: { created_at: readSpan(call.query) },
        sort: readSort(call.query, TRANSCRIPTION_SORTS),
      };
      return sendPage(call, TRANSCRIPTIONS, (offset, limit) =>
        listAccountRecords(context, 'transcription', call.account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Transcriptions/:transcription',
    right: ['Read', 'Transcriptions'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(
        reply,
        TRANSCRIPTION,
        await readAccountRecord(context, actor, 'transcription', account, path['transcription'] ?? ''),
      ),
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: '/Accounts/:account/Transcriptions/:transcription',
    right: ['Delete', 'Transcriptions'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      const removed = await removeAccountRecord(context, actor, 'transcription', account, path['transcription'] ?? '');
      await settled(deps, reply, removed);
      return reply.code(200).send();
    },
  });
}
