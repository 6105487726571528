/** Whether an IMAP server greets (RFC 3501, section 7.1). */
import { connect } from 'node:net';

import { SystemFailure } from '#systems/http-call.ts';
import { PROBE_TIMEOUT_MS, type ProbePlace, silent, unreachable } from '#systems/probe.ts';

/** A greeting is one line; who says more without an end is no IMAP server. */
const GREETING_MAX = 8_192;

/** The words of the greeting. Throws `SystemFailure` for any other line. */
export function readGreeting(place: ProbePlace): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { host, port } = place;
  const socket = connect({ host, port });
  const timeout = setTimeout(() => reject(silent(place)), PROBE_TIMEOUT_MS);
  let text = '';
  socket.on('error', (error) => reject(unreachable(place, error)));
  socket.on('close', () => reject(new SystemFailure(`${host}:${port} hung up without a greeting`, 'later')));
  socket.on('data', (piece) => {
    text += piece.toString();
    if (!text.includes('\n') && text.length < GREETING_MAX) return;
    const greeting = /^\* (OK|PREAUTH)\b([^\r\n]*)/.exec(text);
    if (greeting !== null) resolve(`${greeting[1]}${(greeting[2] ?? '').replace(/ ?\[[^\]]*\]/, '')}`);
    else reject(new SystemFailure(`${host}:${port} does not greet as IMAP does`, 'never'));
  });
  return promise.finally(() => {
    clearTimeout(timeout);
    socket.destroy();
  });
}
