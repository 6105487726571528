/** The two ways in which a picture comes to be complete: loaded afresh, or continued from the revision it has. */
import type { DecisionSource, LoadSink, Page } from '#core/decision-source.ts';
import { withDeadline } from './deadline.ts';
import { Picture } from './picture.ts';

/** Changes in one page: some milliseconds of work, and more than one transaction writes. */
const PAGE_CHANGES = 1_000;

/** Loads a picture; it is complete once it has caught up with what was committed meanwhile. */
export function loadPicture(source: DecisionSource, stop: AbortSignal, quietMs: number): Promise<Picture> {
  return withDeadline('loading', stop, quietMs, async ({ signal, renew }) => {
    const picture = new Picture();
    const { epoch, revision } = await source.load(noticed(picture, renew), signal);
    picture.epoch = epoch;
    picture.revision = revision;
    return picture;
  });
}

/** Rows between two signs of life. */
const NOTICE_EVERY = 1_000;

/** Passes everything on, with a sign of life now and then. */
function noticed(sink: LoadSink, notice: () => void): LoadSink {
  let seen = 0;
  const count = () => {
    if (++seen % NOTICE_EVERY === 0) notice();
  };
  return {
    reserve: (entities) => sink.reserve(entities),
    entity(id, row) {
      count();
      sink.entity(id, row);
    },
    name(key, entityId) {
      count();
      sink.name(key, entityId);
    },
    hold(row) {
      count();
      sink.hold(row);
    },
    profiles: (rows) => sink.profiles(rows),
  };
}

/**
 * Applies what was committed after the picture's revision until nothing is missing. Gives the time before the last
 * question, when that was true; null when the picture cannot be continued.
 */
export async function catchUp(
  picture: Picture,
  source: DecisionSource,
  ask: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>,
  clock: { steadyMs(): number },
  onProgress: (page: Page) => void,
): Promise<number | null> {
  for (;;) {
    const askedAtMs = clock.steadyMs();
    const page = await ask((signal) => source.follow(picture.revision, PAGE_CHANGES, signal));
    if (!continues(picture, page)) return null;
    if (page.last !== null) {
      if (page.profiles !== null) picture.profiles(page.profiles);
      picture.apply(page.states);
      picture.revision = page.last;
      onProgress(page);
    }
    if (picture.revision >= page.head) return askedAtMs;
  }
}

/** Whether the page begins where the picture ends, in the same epoch: the log has no gaps but where it was cut. */
function continues(picture: Picture, page: Page): boolean {
  if (page.epoch !== picture.epoch || page.head < picture.revision) return false;
  return page.first === null ? page.head === picture.revision : page.first === picture.revision + 1;
}
