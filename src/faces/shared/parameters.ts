/**
 * Parameters of a query or a form, by their names as written. Faces whose bodies are forms read both alike.
 */
import type { FastifyInstance } from 'fastify';

import { invalid, problem } from '#core/problem.ts';

export class Parameters {
  readonly #values: URLSearchParams;

  /** `text` is the query of a URL without its question mark, or a form. Broken escapes stay as they are. */
  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  /** The first value of the name; undefined when it is not there. */
  text(name: string): string | undefined {
    return this.#values.get(name) ?? undefined;
  }

  /** The first value of the name; undefined when it is not there or empty. */
  filled(name: string): string | undefined {
    const value = this.text(name);
    return value === '' ? undefined : value;
  }

  /** Text as it was given; null for an empty one, which clears; undefined where there is none, which changes nothing. */
  clearable(name: string): string | null | undefined {
    const text = this.text(name);
    return text === '' ? null : text;
  }

  /** What was given of these names, by the columns that they stand for. Throws `invalid` for what is no text. */
  by(columns: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(columns).flatMap(([name, column]) => {
        const value = this.filled(name);
        if (value?.includes('\0') === true) throw invalid({ field: name, message: 'must be text' });
        return value === undefined ? [] : [[column, value]];
      }),
    );
  }

  /** All values of the name, in their order. */
  all(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  /** The first value of each name. */
  get record(): Readonly<Record<string, string>> {
    // In one pass: to look each name up would take a second for a few thousand of them.
    const first = new Map<string, string>();
    for (const [name, value] of this.#values) if (!first.has(name)) first.set(name, value);
    return Object.fromEntries(first);
  }

  get names(): readonly string[] {
    return [...new Set(this.#values.keys())];
  }
}

/** The parameters in the query of a URL. */
export function queryOf(url: string): Parameters {
  const mark = url.indexOf('?');
  return new Parameters(mark < 0 ? '' : url.slice(mark + 1));
}

/** As much as one form may have, in bytes. */
export const FORM_MAX = 10_000_000;
/** As many parameters as one form may have: no request knows more than a hundred names. */
const PARAMETERS_MAX = 1_000;

/** Has a server read forms as `Parameters`, and nothing else as a body. */
export function registerFormParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_MAX },
    (_request, body, done) => {
      const text = String(body);
      if (isTooMany(text)) done(problem('malformed', `A form has at most ${PARAMETERS_MAX} parameters.`));
      else done(null, new Parameters(text));
    },
  );
}

function isTooMany(text: string): boolean {
  let count = 1;
  for (let at = text.indexOf('&'); at >= 0 && count <= PARAMETERS_MAX; at = text.indexOf('&', at + 1)) count += 1;
  return count > PARAMETERS_MAX;
}

/** The form that came with a request; without a body there are no parameters. */
export function formOf(body: unknown): Parameters {
  return body instanceof Parameters ? body : new Parameters('');
}
