/**
 * The outcome of reading one value from outside: the normalised value, or a sentence that says what would be right.
 *
 * A message continues the name of the field ("must be …, not …"), so that every interface can put the name before it.
 * It never carries a secret: readers of secrets leave the value found away.
 */
export type Reading<T> = { ok: true; value: T } | { ok: false; message: string };

/** How much of a refused value a message shows: enough to recognise it, too little to flood a log. */
const SHOWN_MAX = 40;

/** A value that was read and is right. */
export function accepted<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

/** A refusal that says what would be right and, when given, the value found, shortened. */
export function refused(wanted: string, found?: unknown): { ok: false; message: string } {
  return { ok: false, message: found === undefined ? wanted : `${wanted}, not ${shown(found)}` };
}

/** A value as a message shows it: quoted, on one line, at most forty characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const short = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}
