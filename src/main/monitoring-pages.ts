/** The pages that monitoring reads, which every process has whatever its role. */
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

export interface MonitoringPages {
  readonly registry: Registry | null;
  readonly readiness: () => Promise<{ readonly ready: boolean }>;
}

export function registerMonitoring(app: FastifyInstance, { registry, readiness }: MonitoringPages): void {
  app.get('/healthz', () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const found = await readiness();
    return reply.code(found.ready ? 200 : 503).send(found);
  });
  app.get('/metrics', async (_request, reply) => {
    if (registry === null) return reply.code(404).send();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
