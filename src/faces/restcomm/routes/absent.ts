/**
 * What Restcomm has and Abeyance has not: mail, USSD push, geolocation, gateways, outbound proxies. Everything is checked
 * as elsewhere first; then lists are empty, and what would be done is answered by 404 with a sentence.
 */
import type { FastifyInstance } from 'fastify';

import { problem } from '#core/problem.ts';
import type { TelephonyDomain } from '#core/telephony-right.ts';
import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { requireSuperAdministrator } from '#operations/telephony/find-account.ts';
import { admitAccount } from '#operations/telephony/admit-use.ts';

import { type Shape, sendList } from '../response.ts';
import { notDone } from '../status.ts';

const UNDER = '/Accounts/:account';
/** What may be asked of one thing, and what the role must allow for it. */
const ON_ONE = [
  ['GET', 'Read'],
  ['POST', 'Modify'],
  ['PUT', 'Modify'],
  ['DELETE', 'Delete'],
] as const;

function listOf(one: string, many: string): Shape<never> {
  return { one, many, members: [] };
}

export function absentRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  for (const { path, domain, text } of [
    { path: 'Email/Messages', domain: 'EmailMessages', text: 'No mail is sent here.' },
    { path: 'UssdPush', domain: 'Calls', text: 'No USSD messages are sent here.' },
  ] as const)
    accountRoute(scope, deps, {
      method: 'POST',
      url: `${UNDER}/${path}`,
      right: ['Create', domain],
      target: 'under',
      use: 'message',
      handle: async ({ reply, account }) => {
        await admitAccount(deps.context, 'restcomm', account.id, 'message');
        return notDone(reply, text);
      },
    });

  geolocationRoutes(scope, deps);
  gatewayRoutes(scope, deps);

  for (const what of ['', '/switchProxy', '/getProxies'])
    accountRoute(scope, deps, {
      method: 'GET',
      url: `${UNDER}/OutboundProxy${what}`,
      right: ['Read', 'OutboundProxies'],
      target: 'under',
      handle: ({ reply, actor }) => {
        requireSuperAdministrator(actor);
        return notDone(reply, 'There is no outbound proxy here.');
      },
    });
}

function geolocationRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const domain: TelephonyDomain = 'Geolocation';
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/Geolocation`,
    right: ['Read', domain],
    target: 'under',
    handle: ({ reply }) => sendList(reply, listOf('Geolocation', 'Geolocations'), []),
  });
  for (const kind of ['Immediate', 'Notification']) {
    accountRoute(scope, deps, {
      method: 'POST',
      url: `${UNDER}/Geolocation/${kind}`,
      right: ['Create', domain],
      target: 'under',
      use: 'message',
      handle: async ({ reply, account }) => {
        await admitAccount(deps.context, 'restcomm', account.id, 'message');
        return notDone(reply, 'Nobody is located here.');
      },
    });
    for (const [method, verb] of ON_ONE)
      accountRoute(scope, deps, {
        method,
        url: `${UNDER}/Geolocation/${kind}/:geolocation`,
        right: [verb, domain],
        target: 'under',
        handle: noSuch,
      });
  }
}

function gatewayRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const domain: TelephonyDomain = 'Gateways';
  const url = `${UNDER}/Management/Gateways`;
  accountRoute(scope, deps, {
    method: 'GET',
    url,
    right: ['Read', domain],
    target: 'under',
    handle: ({ reply, actor }) => {
      requireSuperAdministrator(actor);
      return sendList(reply, listOf('Gateway', 'Gateways'), []);
    },
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url,
    right: ['Create', domain],
    target: 'under',
    handle: ({ reply, actor }) => {
      requireSuperAdministrator(actor);
      return notDone(reply, 'Gateways are connected on the network, not here.');
    },
  });
  for (const [method, verb] of ON_ONE)
    accountRoute(scope, deps, {
      method,
      url: `${url}/:gateway`,
      right: [verb, domain],
      target: 'under',
      handle: ({ actor }) => {
        requireSuperAdministrator(actor);
        return noSuch();
      },
    });
}

function noSuch(): never {
  throw problem('not_found', 'There is none.');
}
