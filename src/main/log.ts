/** The log of the server: JSON lines on standard error, without any credential. */
import type { FastifyBaseLogger } from 'fastify';
import { destination, pino } from 'pino';

export function makeLog(level: string): FastifyBaseLogger {
  return pino(
    { level, base: null, redact: ['req.headers.authorization', 'req.headers.cookie', 'err.config', '*.password'] },
    destination({ fd: 2, sync: true }),
  );
}
