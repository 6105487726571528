/** Whether a SIP server answers: OPTIONS over UDP (RFC 3261, section 11). */
import { randomBytes } from 'node:crypto';

import { askByDatagram } from '#systems/datagram.ts';
import type { ProbePlace } from '#systems/probe.ts';

/** The status line of the answer. Any answer is one: who may ask for what is another matter. */
export function askOptions(place: ProbePlace): Promise<string> {
  const at = place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
  const call = randomBytes(8).toString('hex');
  return askByDatagram(
    place,
    (port) =>
      Buffer.from(
        [
          `OPTIONS sip:${at} SIP/2.0`,
          `Via: SIP/2.0/UDP doctor.invalid:${port};rport;branch=z9hG4bK${call}`,
          `From: <sip:doctor@doctor.invalid>;tag=${call}`,
          `To: <sip:${at}>`,
          `Call-ID: ${call}`,
          'CSeq: 1 OPTIONS',
          'Max-Forwards: 5',
          'Content-Length: 0',
          '',
          '',
        ].join('\r\n'),
      ),
    (answer) => {
      const text = answer.toString('latin1');
      return text.includes(call) ? (/^SIP\/2\.0 (\d{3} [^\r\n]*)/.exec(text)?.[1] ?? null) : null;
    },
  );
}
