/** What a row of the permission matrix is made of: a route, a request, and how its answer is read. */
import type { ProblemCode } from '#core/problem.ts';

import type { Caller } from './matrix-cast.ts';
import type { Answer } from './people.ts';

export interface MatrixRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly payload?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface MatrixRow {
  /** As the router knows it, such as `GET /v1/entities/:id`. */
  readonly route: string;
  /** The operations that the request shows, one line of the matrix each. */
  readonly names: readonly string[];
  readonly ask: (caller: Caller) => MatrixRequest;
  /** The outcome for each name. */
  readonly read: (answer: Answer) => readonly string[];
}

interface Shape {
  readonly payload?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Beginning with `?`. */
  readonly query?: string;
}

/** One operation: its route, whose parameters `at` tells, the code that it meets when it is let through, and the rest. */
export function row(
  route: string,
  name: string,
  at: (caller: Caller) => Readonly<Record<string, string>>,
  meets: ProblemCode | null = null,
  shape: Shape | ((caller: Caller) => Shape) = {},
): MatrixRow {
  const [method = '', path = ''] = route.split(' ');
  return {
    route,
    names: [name],
    ask: (caller) => {
      const { query = '', ...rest } = typeof shape === 'function' ? shape(caller) : shape;
      const parameters = at(caller);
      const url = path.replace(/:(\w+)/g, (_, parameter: string) => encodeURIComponent(parameters[parameter] ?? ''));
      return { method: method as MatrixRequest['method'], url: `${url}${query}`, ...rest }; // Written so in the rows.
    },
    read: (answer) => [outcomeOf(answer.status, answer.body['code'], meets)],
  };
}

export function outcomeOf(status: number, code: unknown, meets: ProblemCode | null = null): string {
  return status < 300 || code === meets ? 'ok' : String(code);
}

export const nothing = () => ({});
/** The account, wherever the caller stands. */
export const target = ({ tree }: Caller) => ({ id: tree.accounts.self });
/** The account; the leaf for the one who owns that. */
export const entity = ({ tree, place }: Caller) => ({ id: place === 'owner' ? tree.leaf : tree.accounts.self });
export const leaf = ({ tree }: Caller) => ({ id: tree.leaf });
export const own = ({ account }: Caller) => ({ id: account });
export const login = ({ tree }: Caller) => ({ login: tree.login });
/** Nothing has this version. */
export const STALE = { headers: { 'if-match': '"99999"' } } as const;
