/**
 * What cannot even be read as a request to a route: bytes that are no HTTP, headers too large, a path that decodes to
 * nothing. It is refused by a problem document, too.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { problem } from '#core/problem.ts';
import { problemBody } from '#faces/native/problems.ts';

import type { SecurityHeaders } from './security-headers.ts';

interface ClientError extends Error {
  readonly code?: string;
}

const CAUSES: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers and the path must have at most 16 KiB together.'],
};

/** Answers on the bare socket: there is no request yet. */
export function makeClientErrorHandler(headersFor: SecurityHeaders): (error: ClientError, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const [status, detail] = CAUSES[error.code ?? ''] ?? [400, 'This is no HTTP request that can be read.'];
    const body = JSON.stringify(problemBody(problem('malformed', detail), status));
    const headers = {
      ...headersFor('/'),
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
    socket.destroySoon(); // Once what was written is on its way.
  };
}
