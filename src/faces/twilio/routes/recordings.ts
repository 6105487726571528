/** Recordings and transcriptions: listed, read, removed; and media, which are open to whoever has the link. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import { mediaRoutes } from '#faces/shared/media-routes.ts';
import { listAccountRecords, readAccountRecord, removeAccountRecord } from '#operations/telephony/account-records.ts';

import { sidsOf, timesOf } from '../filters.ts';
import { sendPage } from '../page.ts';
import { sendOne, sendRemoved } from '../response.ts';
import { RECORDING, TRANSCRIPTION } from '../shapes/recording.ts';

const RECORDINGS = '/Accounts/:account/Recordings';
const TRANSCRIPTIONS = '/Accounts/:account/Transcriptions';

export function recordingRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: RECORDINGS,
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: ({ reply, query, account }) => {
      const filter = {
        withBeneath: false,
        refersTo: sidsOf(query, { CallSid: 'call' }),
        between: { created_at: timesOf(query, 'DateCreated') },
      };
      return sendPage(
        { reply, query },
        {
          array: 'recordings',
          shape: RECORDING,
          read: ({ offset, limit }) => listAccountRecords(context, 'recording', account, filter, offset, limit),
        },
      );
    },
  });
  mediaRoutes(scope, context, 'sid', ['wav', 'mp3', 'mp4']);
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${RECORDINGS}/:sid`,
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(reply, RECORDING, await readAccountRecord(context, actor, 'recording', account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: TRANSCRIPTIONS,
    right: ['Read', 'Transcriptions'],
    target: 'under',
    handle: ({ reply, query, account }) =>
      sendPage(
        { reply, query },
        {
          array: 'transcriptions',
          shape: TRANSCRIPTION,
          read: ({ offset, limit }) =>
            listAccountRecords(context, 'transcription', account, { withBeneath: false }, offset, limit),
        },
      ),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${TRANSCRIPTIONS}/:sid`,
    right: ['Read', 'Transcriptions'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(
        reply,
        TRANSCRIPTION,
        await readAccountRecord(context, actor, 'transcription', account, path['sid'] ?? ''),
      ),
  });
  for (const [url, kind, domain] of [
    [`${RECORDINGS}/:sid`, 'recording', 'Recordings'],
    [`${TRANSCRIPTIONS}/:sid`, 'transcription', 'Transcriptions'],
  ] as const)
    accountRoute(scope, deps, {
      method: 'DELETE',
      url,
      right: ['Delete', domain],
      target: 'under',
      handle: async ({ reply, actor, account, path }) => {
        await settled(deps, reply, await removeAccountRecord(context, actor, kind, account, path['sid'] ?? ''));
        return sendRemoved(reply);
      },
    });
}
