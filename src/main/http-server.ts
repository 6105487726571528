/** The HTTP server: limits, the pages that monitoring reads, and the faces. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';

import { nativeFace } from '#faces/native/native-face.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import type { OperationContext } from '#operations/context.ts';

import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

export interface HttpDeps {
  readonly context: OperationContext;
  readonly authenticate: Authenticate;
  readonly version: string;
  readonly log: FastifyBaseLogger;
  readonly stopping: AbortSignal;
  readonly metrics: Metrics | null;
  readonly readiness: () => Promise<Readiness>;
}

/** One megabyte holds every single write; bulk has a limit of its own. */
const BODY_MAX = 1024 * 1024;
/** The longest identifier in a path, percent-encoded. */
const PARAM_MAX = 2_048;
/** A request that is not sent within this time is given up, in milliseconds. */
const REQUEST_MAX_MS = 120_000;

export async function makeHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX,
    requestTimeout: REQUEST_MAX_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAM_MAX },
  });
  const { metrics } = deps;
  if (metrics !== null)
    app.addHook('onResponse', (request, reply, done) => {
      const labels = {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: String(reply.statusCode),
      };
      metrics.requests.observe(labels, reply.elapsedTime / 1000);
      done();
    });
  app.get('/healthz', () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = await deps.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (_request, reply) => {
    if (metrics === null) return reply.code(404).send();
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  await app.register(nativeFace, {
    context: deps.context,
    authenticate: deps.authenticate,
    version: deps.version,
    stopping: deps.stopping,
  });
  return app;
}
