/** Whether a name server answers: one question over UDP (RFC 1035). */
import { randomInt } from 'node:crypto';

import { askByDatagram } from '#systems/datagram.ts';
import type { ProbePlace } from '#systems/probe.ts';

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const ID_MAX = 65_536;

/** The code of the answer to a question for the root's SOA. REFUSED is right for a server of other zones. */
export function askRoot(place: ProbePlace): Promise<string> {
  const id = randomInt(ID_MAX);
  // Id, no flags, one question, the root's name, SOA, IN.
  const question = Buffer.from([id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1]);
  return askByDatagram(
    place,
    () => question,
    (answer) => {
      if (answer.length < 12 || answer.readUInt16BE(0) !== id) return null;
      const code = answer.readUInt8(3) & 15;
      return CODES[code] ?? `RCODE ${code}`;
    },
  );
}
