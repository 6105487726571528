/** Values of forms and queries by the names that clients give them. */
import type { Parameters } from '#faces/shared/parameters.ts';

/** The same of a method, in capitals. */
export function method(form: Parameters, name: string): string | null | undefined {
  return form.clearable(name)?.toUpperCase() ?? form.clearable(name);
}

/** True for `true` and `1`, in any case; undefined where nothing was given. */
export function flag(form: Parameters, name: string): boolean | undefined {
  const text = form.filled(name)?.toLowerCase();
  return text === undefined ? undefined : text === 'true' || text === '1';
}

/** As many as a list without pages has. */
export const WHOLE_LIST = { offset: 0, limit: 10_000 } as const;
