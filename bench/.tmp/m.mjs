import { Histogram, Registry } from 'prom-client';
import { pino } from 'pino';
import { z } from 'zod';
const r = new Registry();
const h = new Histogram({ name: 'a', help: 'b', labelNames: ['method','route','status'], buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10], registers: [r] });
const run = (name, f) => { for (let i=0;i<2e5;i++) f(i); const a=performance.now(); for (let i=0;i<5e5;i++) f(i); console.log(name.padEnd(20), ((performance.now()-a)*1e3/5e5).toFixed(3),'us'); };
const log = pino({ level: 'warn' });
const query = z.object({
  subject: z.string().describe('Such as'),
  action: z.string(),
  destination: z.string().optional(),
  atRevision: z.string().regex(/^\d{1,15}$/, 'must be a revision').optional(),
});
const q = { subject: 'sip:alice@example.com', action: 'register' };
const d = { subject: 'sip:alice@example.com', effect: 'allow', action: 'register', standing: 'active', reasons: [], refusal: null, revision: 4711, epoch: 'd9f0a6a4-7f0e-4f8a-9d6d-0d8a3b3c1e2f', staleForMs: 0 };
for (let k=0;k<2;k++) {
run('observe', (i) => h.observe({ method: 'GET', route: '/v1/decisions', status: String(200) }, 0.0001));
run('child', (i) => log.child({ reqId: 'req-' + i }));
run('zod', () => query.safeParse(q));
run('stringify', () => JSON.stringify(d));
run('now', () => performance.now());
}
