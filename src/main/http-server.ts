/** The HTTP server: limits, headers, the log of requests, the pages that monitoring reads, and the faces. */
import cors from '@fastify/cors';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';

import { problem } from '#core/problem.ts';
import { registerErrors, sendError } from '#faces/native/errors.ts';
import { nativeFace } from '#faces/native/native-face.ts';
import { sendUnreadable as refuseOnRestcomm } from '#faces/restcomm/errors.ts';
import { restcommFace } from '#faces/restcomm/restcomm-face.ts';
import { RESTCOMM_BASE, TWILIO_BASE, rewriteAccountUrl } from '#faces/shared/account-path.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import { rewriteGatewayUrl } from '#faces/shared/gateway-path.ts';
import { registerRateLimits } from '#faces/shared/rate-limit.ts';
import { registerFacts } from '#faces/shared/request-facts.ts';
import { sendUnreadable as refuseOnTwilio } from '#faces/twilio/errors.ts';
import { twilioFace } from '#faces/twilio/twilio-face.ts';
import type { Authenticator } from '#operations/identity/authenticator.ts';
import type { OperationContext } from '#operations/context.ts';

import { CONNECTION, isTimed, judgeUrl } from './http-limits.ts';
import type { HttpSettings } from './http-settings.ts';
import type { Metrics } from './metrics.ts';
import { registerMonitoring } from './monitoring-pages.ts';
import type { Readiness } from './readiness.ts';
import { requestIdOf } from './request-id.ts';
import { makeRequestLog } from './request-log.ts';
import { isDocumentation, makeSecurityHeaders } from './security-headers.ts';
import { readTls } from './tls.ts';
import { makeClientErrorHandler } from './unreadable-request.ts';

export interface HttpDeps {
  readonly context: OperationContext;
  readonly authenticate: Authenticate;
  readonly verifyPassword: Authenticator['verifyPassword'];
  readonly version: string;
  readonly log: FastifyBaseLogger;
  readonly stopping: AbortSignal;
  readonly metrics: Metrics | null;
  readonly readiness: () => Promise<Readiness>;
  readonly settings: HttpSettings;
}

/** Headers of ours that pages of another origin may read, besides those that all may. */
const EXPOSED_HEADERS = [
  'ETag',
  'Link',
  'Retry-After',
  'Idempotent-Replayed',
  'Abeyance-Revision',
  'Abeyance-Pending',
  'Abeyance-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];
/** How long a browser remembers what it may ask, in seconds. */
const PREFLIGHT_SECONDS = 600;

/** How the face of a path refuses what cannot be brought to a route of its own. */
function refuserOf(url: string): (reply: FastifyReply, error: Error) => FastifyReply {
  if (url.startsWith(`${TWILIO_BASE}/`)) return refuseOnTwilio;
  if (url.startsWith(`${RESTCOMM_BASE}/`)) return refuseOnRestcomm;
  return sendError;
}

export async function makeHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const { metrics, settings } = deps;
  const tls = settings.tls === null ? null : await readTls(settings.tls);
  const headersFor = makeSecurityHeaders(tls !== null);
  const logAnswer = makeRequestLog(deps.log);
  const onAnswered = (request: FastifyRequest, reply: FastifyReply) => {
    const route = request.routeOptions.url ?? 'none';
    // What is refused before there is a route was never timed.
    const elapsedMs = Number.isFinite(reply.elapsedTime) ? reply.elapsedTime : 0;
    logAnswer(request, reply, route, elapsedMs);
    metrics?.requests.observe({ method: request.method, route, status: String(reply.statusCode) }, elapsedMs / 1000);
  };
  const options: FastifyServerOptions & { readonly https?: object } = {
    ...CONNECTION.server,
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    rewriteUrl: (request) => rewriteAccountUrl(request) ?? rewriteGatewayUrl(request),
    requestTimeout: settings.requestTimeoutMs,
    connectionTimeout: Math.max(CONNECTION.idleMs, 2 * settings.requestTimeoutMs),
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    return503OnClosing: false, // Refused below, as a problem.
    clientErrorHandler: makeClientErrorHandler(headersFor),
    frameworkErrors: (error, request, reply) => {
      reply.headers(headersFor(request.url)).header('abeyance-request-id', request.id);
      onAnswered(request, refuserOf(request.url)(reply, error));
    },
    ...(tls === null ? { http: CONNECTION.node } : { https: { ...CONNECTION.node, ...tls } }),
  };
  const app = Fastify(options);
  // An expectation that nobody knows may be passed over (RFC 9110 section 10.1.1); Node would answer it without us.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  registerFacts(app);
  registerErrors(app);
  await registerRateLimits(app, settings);
  app.addHook('onRequest', (request, reply, done) => {
    const { url } = request;
    reply.headers(headersFor(url)).header('abeyance-request-id', request.id);
    const unreadable = judgeUrl(url);
    if (unreadable !== null) done(unreadable);
    else if (deps.stopping.aborted) done(problem('unavailable', 'The server is stopping.'));
    else if (isDocumentation(url))
      app.rateLimits.countAddress(request).then((limited) => done(limited ?? undefined), done);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    onAnswered(request, reply);
    done();
  });
  app.addHook('onRoute', (route) => {
    if (isTimed(route.method, route.url)) route.handlerTimeout = settings.requestTimeoutMs;
  });
  if (settings.corsOrigins.length > 0)
    await app.register(cors, {
      origin: [...settings.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_SECONDS,
    });
  registerMonitoring(app, { registry: metrics?.registry ?? null, readiness: deps.readiness });
  await app.register(nativeFace, {
    context: deps.context,
    authenticate: deps.authenticate,
    verifyPassword: deps.verifyPassword,
    version: deps.version,
    stopping: deps.stopping,
  });
  const { context, authenticate, version } = deps;
  await app.register(restcommFace, { context, authenticate, version });
  await app.register(twilioFace, { context, authenticate, version });
  return app;
}
