/**
 * The lines of a streamed body, as they come in.
 *
 * Bytes that make up one character may be torn apart between two pieces; the decoder joins them.
 */

/** Yields each line without its end; the last one also when nothing ends it. */
export async function* textLines(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string, void> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
