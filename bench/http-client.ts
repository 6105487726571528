/**
 * The other end of the wire: a process that asks over some keep-alive connections, one request at a time on each, and
 * counts the answers. It does as little as it can, so that the server is what is measured.
 *
 * Told over IPC: `Order`; answers the requests a second.
 */
import { connect } from 'node:net';

export interface Order {
  readonly port: number;
  readonly paths: readonly string[];
  /** What the header of that name says. */
  readonly authorization: string;
  readonly connections: number;
  readonly seconds: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Asks until the time is over; answers how many whole answers of status 200 came. */
function ask(order: Order, requests: readonly Buffer[], first: number, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
    let next = first;
    let count = 0;
    let got = Buffer.alloc(0);
    const send = () => socket.write(requests[next++ % requests.length] ?? '');
    socket.on('error', reject);
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      got = got.length === 0 ? chunk : Buffer.concat([got, chunk]);
      const head = got.indexOf(HEAD_END);
      if (head < 0) return;
      const text = got.toString('latin1', 0, head);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
      if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
        reject(new Error(text));
        return;
      }
      if (got.length < head + HEAD_END.length + length) return;
      got = Buffer.alloc(0);
      count += 1;
      if (performance.now() < until) send();
      else socket.end(() => resolve(count));
    });
  });
}

process.on('message', (order: Order) => {
  const requests = order.paths.map((path) =>
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${order.port}\r\nauthorization: ${order.authorization}\r\n\r\n`,
    ),
  );
  const from = performance.now();
  const until = from + order.seconds * 1_000;
  const each = Array.from({ length: order.connections }, (_, index) => ask(order, requests, index * 977, until));
  Promise.all(each).then(
    (counts) => process.send?.((counts.reduce((sum, count) => sum + count, 0) * 1_000) / (performance.now() - from)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
