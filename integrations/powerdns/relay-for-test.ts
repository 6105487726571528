/** A way to the database that can be cut, as when it is away. */
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';

import type { Cleanup } from '#test/database.ts';

export interface Relay {
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function startRelay(t: Cleanup, port: number, connectionString: string): Promise<Relay> {
  const { hostname, port: far } = new URL(connectionString);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  const mend = async () => {
    server = createServer((near) => {
      const onward = connect(Number(far), hostname);
      for (const [one, other] of [
        [near, onward],
        [onward, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(onward).pipe(near);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = async () => {
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    server = null;
    await closed;
  };
  t.after(cut);
  await mend();
  return { cut, mend };
}
