/** What runs on the whole installation: for the platform alone. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { requireSuperAdministrator } from '#operations/telephony/find-account.ts';
import { type CallMetrics, listLiveCalls, readMetrics } from '#operations/telephony/live-calls.ts';

import { type Value, jsonOf, sendJson, sendXml, wantsJson, xmlOf } from '../response.ts';
import { CALL } from '../shapes/call.ts';
import { notDone } from '../status.ts';

export function supervisorRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  for (const what of ['metrics', 'livecalls'])
    accountRoute(scope, deps, {
      method: 'GET',
      url: `/Accounts/:account/Supervisor/${what}`,
      right: ['Read', 'Supervisor'],
      target: 'under',
      handle: async ({ request, reply, actor, query }) => {
        requireSuperAdministrator(actor);
        const isJson = wantsJson(request);
        const withCalls = what === 'livecalls' || query.text('LiveCallDetails')?.toLowerCase() === 'true';
        const calls = withCalls ? await listLiveCalls(deps.context) : [];
        const metrics = what === 'metrics' ? metricsOf(await readMetrics(deps.context)) : null;
        const head: Record<string, Value> = { InstanceId: null, Version: deps.version, Revision: deps.version };
        const details: Value = isJson
          ? calls.map((call) => jsonOf(CALL, call))
          : { Call: calls.map((call) => xmlOf(CALL, call)) };
        const body = {
          ...Object.fromEntries(Object.entries(head).filter(([, value]) => value !== null)),
          ...(metrics === null ? {} : { Metrics: metrics }),
          ...(withCalls ? { LiveCallDetails: details } : {}),
        };
        return isJson ? sendJson(reply, body) : sendXml(reply, body);
      },
    });
  accountRoute(scope, deps, {
    method: ['GET', 'POST'],
    url: '/Accounts/:account/Supervisor/remote',
    right: ['Read', 'Supervisor'],
    target: 'under',
    handle: ({ reply, actor }) => {
      requireSuperAdministrator(actor);
      return notDone(reply, 'Figures are not sent anywhere; read /metrics.');
    },
  });
}

function metricsOf(metrics: CallMetrics): Readonly<Record<string, number>> {
  const { ended } = metrics;
  return {
    LiveCalls: metrics.live,
    LiveIncomingCalls: metrics.liveIncoming,
    LiveOutgoingCalls: metrics.liveOutgoing,
    TotalCallsSinceUptime: metrics.total,
    CompletedCalls: ended['completed'] ?? 0,
    FailedCalls: ended['failed'] ?? 0,
    BusyCalls: ended['busy'] ?? 0,
    NoAnswerCalls: ended['no-answer'] ?? 0,
    CanceledCalls: ended['canceled'] ?? 0,
    TextMessageInboundToApp: metrics.messagesIncoming,
    TextMessageOutbound: metrics.messagesOutgoing,
  };
}
