/** One question in one datagram, and the first answer that fits it. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

import { PROBE_TIMEOUT_MS, type ProbePlace, silent, unreachable } from '#systems/probe.ts';

/** How often the question is sent: a datagram may be lost. */
const SENT_MAX = 3;

/** Throws `SystemFailure` when nothing that fits comes in time. */
export function askByDatagram<T>(
  place: ProbePlace,
  question: (localPort: number) => Buffer,
  read: (answer: Buffer) => T | null,
): Promise<T> {
  const socket = createSocket(isIPv6(place.host) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timeout = setTimeout(() => reject(silent(place)), PROBE_TIMEOUT_MS);
  let again: NodeJS.Timeout | undefined;
  socket.on('error', (error) => reject(unreachable(place, error)));
  socket.on('message', (answer) => {
    const value = read(answer);
    if (value !== null) resolve(value);
  });
  // Connected, so that a closed port is told at once.
  socket.connect(place.port, place.host, () => {
    const send = () => socket.send(question(socket.address().port));
    send();
    again = setInterval(send, PROBE_TIMEOUT_MS / SENT_MAX);
  });
  return promise.finally(() => {
    clearTimeout(timeout);
    clearInterval(again);
    socket.close();
  });
}
