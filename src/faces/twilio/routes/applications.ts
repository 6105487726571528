/** Applications: made, read, changed, removed. */
import type { FastifyInstance } from 'fastify';

import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, type Call, accountRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import {
  type ApplicationInput,
  changeApplication,
  createApplication,
  removeApplication,
} from '#operations/telephony/change-applications.ts';
import { listMatching } from '#operations/telephony/list-matching.ts';
import { placeAfter } from '#operations/telephony/place-after.ts';
import { type ApplicationView, listApplications, readApplication } from '#operations/telephony/read-applications.ts';

import { flag, nameAt } from '../form.ts';
import { type Part, sendPage } from '../page.ts';
import { sendCreated, sendOne, sendRemoved } from '../response.ts';
import { APPLICATION } from '../shapes/application.ts';

const APPLICATIONS = '/Accounts/:account/Applications';

export function applicationRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const all = { url: APPLICATIONS, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...all,
    method: 'GET',
    right: ['Read', 'Applications'],
    handle: (call) => sendApplications(deps, call),
  });
  accountRoute(scope, deps, {
    ...all,
    method: 'POST',
    right: ['Create', 'Applications'],
    handle: async ({ reply, actor, account, form }) => {
      const name = form.filled('FriendlyName') ?? nameAt('App', deps.context.clock());
      const input = { medium: 'voice', ...inputOf(form, null), name };
      const created = await createApplication(deps.context, actor, account, input);
      return sendCreated(reply, APPLICATION, await settled(deps, reply, created));
    },
  });
  const one = { url: `${APPLICATIONS}/:sid`, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'Applications'],
    handle: async ({ reply, account, path }) =>
      sendOne(reply, APPLICATION, await readApplication(deps.context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'Applications'],
    handle: async ({ reply, actor, account, path, form }) => {
      const sid = path['sid'] ?? '';
      const input = inputOf(form, await readApplication(deps.context, account, sid));
      const changed = await changeApplication(deps.context, actor, account, sid, input);
      return sendOne(reply, APPLICATION, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    ...one,
    method: 'DELETE',
    // As on the Restcomm face.
    right: ['Modify', 'Applications'],
    handle: async ({ reply, actor, account, path }) => {
      const removed = await removeApplication(deps.context, actor, account, path['sid'] ?? '');
      await settled(deps, reply, removed);
      return sendRemoved(reply);
    },
  });
}

function sendApplications({ context }: AccountFaceDeps, { reply, query, account }: Call) {
  const name = query.filled('FriendlyName');
  const all = (part: Part) => listApplications(context, account, part);
  const read = (part: Part) => (name === undefined ? all(part) : listMatching(all, (one) => one.name === name, part));
  const rowAt = async (offset: number) => (await read({ offset, limit: 1 })).items[0] ?? null;
  return sendPage<ApplicationView>(
    { reply, query },
    {
      array: 'applications',
      shape: APPLICATION,
      read,
      seek: {
        uuidOf: ({ uuid }) => uuid,
        placeAfter: (uuid, expected) => placeAfter(context, uuid, expected, rowAt),
      },
    },
  );
}

/**
 * What a form says of an application, `before` being what it is so far. Throws `invalid` where it would have an address for
 * calls and one for messages: one of them would be lost.
 */
function inputOf(form: Parameters, before: ApplicationView | null): ApplicationInput {
  const medium = before?.medium ?? 'voice';
  const former = (which: string) => (medium === which ? (before?.url ?? null) : null);
  const voice = form.clearable('VoiceUrl');
  const sms = form.clearable('SmsUrl');
  const voiceUrl = voice === undefined ? former('voice') : voice;
  const smsUrl = sms === undefined ? former('sms') : sms;
  if (voiceUrl !== null && smsUrl !== null)
    throw invalid({
      field: 'SmsUrl',
      message: 'cannot be had with VoiceUrl: an application has one address here, so make another application',
    });
  const isSaid = voice !== undefined || sms !== undefined;
  return {
    name: form.filled('FriendlyName'),
    voiceCallerIdLookup: flag(form, 'VoiceCallerIdLookup'),
    ...(isSaid ? { url: voiceUrl ?? smsUrl } : {}),
    // An address decides what the application is for; without any it stays what it was.
    ...(isSaid && (voiceUrl ?? smsUrl) !== null ? { medium: smsUrl === null ? 'voice' : 'sms' } : {}),
  };
}
