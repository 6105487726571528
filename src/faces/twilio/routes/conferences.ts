/** Conferences and who takes part in them. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import { notFound } from '#operations/resolve.ts';
import { listAccountRecords, readAccountRecord } from '#operations/telephony/account-records.ts';
import { changeCall } from '#operations/telephony/change-call.ts';

import { timesOf } from '../filters.ts';
import { marking } from '../marked.ts';
import { sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { CONFERENCE, PARTICIPANT, conferenceWords } from '../shapes/call.ts';

const CONFERENCES = '/Accounts/:account/Conferences';

export function conferenceRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  const reading = { method: 'GET', right: ['Read', 'Conferences'], target: 'under' } as const;
  accountRoute(scope, deps, {
    ...reading,
    url: CONFERENCES,
    handle: ({ reply, query, account }) => {
      const status = query.filled('Status');
      const filter = {
        withBeneath: false,
        is: query.by({ FriendlyName: 'name' }),
        ...(status === undefined ? {} : { oneOf: { status: conferenceWords(status) } }),
        between: { created_at: timesOf(query, 'DateCreated'), updated_at: timesOf(query, 'DateUpdated') },
      };
      return sendPage(
        { reply, query },
        {
          array: 'conferences',
          shape: CONFERENCE,
          read: ({ offset, limit }) => listAccountRecords(context, 'conference', account, filter, offset, limit),
        },
      );
    },
  });
  accountRoute(scope, deps, {
    ...reading,
    url: `${CONFERENCES}/:sid`,
    handle: async (call) => sendOne(call.reply, CONFERENCE, await found(call)),
  });
  accountRoute(scope, deps, {
    ...reading,
    url: `${CONFERENCES}/:sid/Participants`,
    handle: async (call) => {
      const filter = { withBeneath: false, refersTo: { conference: (await found(call)).uuid } };
      return sendPage(call, {
        array: 'participants',
        shape: PARTICIPANT,
        read: ({ offset, limit }) => listAccountRecords(context, 'call', call.account, filter, offset, limit),
      });
    },
  });
  const one = { url: `${CONFERENCES}/:sid/Participants/:call`, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'Conferences'],
    handle: async (call) => sendOne(call.reply, PARTICIPANT, await participant(call)),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'Conferences'],
    handle: async (call) => {
      const { reply, actor, account, path, form } = call;
      await participant(call);
      const changed = await marking(
        'conflict',
        () => ({ isOver: true }),
        () => changeCall(context, actor, 'twilio', account, path['call'] ?? '', { Mute: form.text('Muted') }),
      );
      return sendOne(reply, PARTICIPANT, changed);
    },
  });

  function found({ actor, account, path }: Call) {
    return readAccountRecord(context, actor, 'conference', account, path['sid'] ?? '');
  }

  async function participant(call: Call) {
    const { uuid } = await found(call);
    const row = await readAccountRecord(context, call.actor, 'call', call.account, call.path['call'] ?? '');
    if (row.conference !== uuid) throw notFound(call.path['call'] ?? '');
    return row;
  }
}
