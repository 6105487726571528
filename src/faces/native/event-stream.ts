/** Server-sent events on a reply: begun, written at the pace of the reader, and ended with it or with the server. */
import { once } from 'node:events';

import type { FastifyReply } from 'fastify';

export type RawReply = FastifyReply['raw'];

/** Takes the reply over and sends its headers. The connection ends with the stream: one that is kept would keep the server from ending. */
export function beginStream(reply: FastifyReply): RawReply {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    connection: 'close',
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  return raw;
}

/** Writes, and waits while the reader is slower. */
export async function writeStream(raw: RawReply, text: string): Promise<void> {
  if (!raw.write(text) && !raw.destroyed) await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
}
