/**
 * Server-sent events as the WHATWG HTML standard (section 9.2.6) defines them: id, kind and data of each.
 *
 * An event that the connection tore apart is dropped: its id was never seen, so that following again brings it back.
 */
import { textLines } from './stream-lines.ts';

export interface ServerEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Yields each whole event of a stream; comments, which keep connections alive, are passed over. */
export async function* eventsIn(body: ReadableStream<Uint8Array> | null): AsyncGenerator<ServerEvent, void> {
  let id: string | null = null;
  let event = '';
  let data: string[] = [];
  for await (const line of textLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { id, event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\u0000')) id = value;
  }
}
