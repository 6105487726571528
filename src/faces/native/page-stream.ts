/**
 * An endless answer of server-sent events that resumes: pages, one after the other, and then what comes.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

import { type RawReply, beginStream, writeStream } from '#faces/native/event-stream.ts';
import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Actor } from '#operations/context.ts';

/** A silent stream says this often that it lives, so that proxies keep it open. */
const HEARTBEAT_MS = 15_000;
export const STREAM_PAGE = 500;

export function isStreamWanted(request: FastifyRequest): boolean {
  return /\btext\/event-stream\b/.test(request.headers.accept ?? '');
}

/** Where a stream goes on: behind the last id that the client had, or else where it asks for. */
export function resumedAt(request: FastifyRequest, after: string | undefined): string | undefined {
  const resumed = request.headers['last-event-id'];
  return typeof resumed === 'string' && resumed !== '' ? resumed : after;
}

interface StreamedPage<T> {
  readonly items: readonly T[];
  /** `<epoch>:<place>`; forwards there is always a next. */
  readonly next: string | null;
}

export interface Streamed<T> {
  /** What each message is called. */
  readonly name: string;
  /** Read before the stream begins, so that a refusal is still an answer. */
  readonly first: StreamedPage<T>;
  readonly placeOf: (item: T) => number;
  readonly read: (actor: Actor, after: string) => Promise<StreamedPage<T>>;
  /** Whether it is known already that something lies behind the place. */
  readonly hasMore: (reached: number) => boolean;
  /** Whether something came behind the place within the time; it may be late, never wrong. Ends early with the stream. */
  readonly waitFor: (reached: number, timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
}

export async function streamPages<T>(
  deps: NativeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  streamed: Streamed<T>,
): Promise<void> {
  const raw = beginStream(reply);
  const { ended, forget } = endOf(raw, deps.stopping);
  const over = new AbortController();
  try {
    for (let page = streamed.first; !raw.destroyed && !deps.stopping.aborted;) {
      const next = page.next ?? '';
      const epoch = next.slice(0, next.lastIndexOf(':'));
      for (const item of page.items)
        await writeStream(
          raw,
          `id: ${epoch}:${streamed.placeOf(item)}\nevent: ${streamed.name}\ndata: ${JSON.stringify(item)}\n\n`,
        );
      const reached = Number(next.slice(epoch.length + 1));
      if (page.items.length === 0 && !streamed.hasMore(reached)) {
        const isMore = await Promise.race([streamed.waitFor(reached, HEARTBEAT_MS, over.signal), ended]);
        if (isMore === 'ended') break;
        if (!isMore) await writeStream(raw, ': alive\n\n');
      }
      // Whoever may no longer read is told no more.
      const reading = await actorOf(deps, request);
      page = await streamed.read(reading, next);
    }
  } catch (error) {
    // The headers are gone: all that is left is to end the stream, and the client comes back with its last id.
    if (!raw.destroyed) request.log.warn({ err: error }, `a stream of ${streamed.name}s broke`);
  } finally {
    over.abort();
    forget();
  }
  raw.end();
}

/** Settles when the client goes or the server stops. */
function endOf(raw: RawReply, stopping: AbortSignal): { ended: Promise<'ended'>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<'ended'>();
  const end = () => resolve('ended');
  raw.once('close', end);
  stopping.addEventListener('abort', end);
  return { ended: promise, forget: () => stopping.removeEventListener('abort', end) };
}
