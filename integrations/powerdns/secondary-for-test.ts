/** A secondary name server that only listens. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import type { Cleanup } from '#test/database.ts';
import { freePort } from '#test/real-server.ts';

/** Starts one: the names of the zones it is notified of, in turn. */
export async function startSecondary(t: Cleanup) {
  const port = await freePort();
  const socket = createSocket('udp4');
  const notified: string[] = [];
  let tell = () => {};
  socket.on('message', (message, from) => {
    if (((message[2] ?? 0) >> 3) % 16 !== 4) return; // Opcode NOTIFY (RFC 1996).
    const labels: string[] = [];
    for (let at = 12; message[at] !== 0; at += (message[at] ?? 0) + 1)
      labels.push(message.toString('ascii', at + 1, at + 1 + (message[at] ?? 0)));
    notified.push(labels.join('.'));
    const answer = Buffer.from(message);
    answer[2] = (answer[2] ?? 0) | 0x80;
    socket.send(answer, from.port, from.address);
    tell();
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => void socket.close());
  return {
    port,
    notified,
    /** Waits for the next notification and gives its zone. */
    async next(): Promise<string> {
      while (notified.length === 0) await new Promise<void>((resolve) => (tell = resolve));
      return notified.shift() ?? '';
    },
  };
}
