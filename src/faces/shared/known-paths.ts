/** Which methods a path of a scope takes, so that one that it does not take is told from a path that is none (405, 404). */
import type { FastifyInstance } from 'fastify';

/** Watches the routes of a scope from now on; gives the methods of a path, none for an unknown one. */
export function watchPaths(scope: FastifyInstance): (path: string) => readonly string[] {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  scope.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    known.set(url, entry);
    for (const each of [method].flat()) entry.methods.add(each);
  });
  return (path) => [
    ...new Set([...known.values()].flatMap(({ pattern, methods }) => (pattern.test(path) ? [...methods] : []))),
  ];
}

/** A path as the router writes it, such as `/Accounts/:account`, as an expression. */
function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
