/** Which paths there are, so that a method that one does not take is told from a path that nobody knows. */
import type { FastifyInstance } from 'fastify';

export interface KnownPaths {
  /** The methods that a path takes; null where there is no such path. */
  readonly methodsOf: (path: string) => readonly string[] | null;
}

/** Learns the paths of a scope from the routes that are added to it from now on. */
export function learnPaths(scope: FastifyInstance): KnownPaths {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  scope.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replaceAll(/:[A-Za-z]+/g, '[^/]+').replaceAll('.', '\\.');
    const path = known.get(url) ?? { pattern: new RegExp(`^${pattern}$`), methods: new Set<string>() };
    known.set(url, path);
    for (const each of [method].flat()) path.methods.add(each);
  });
  return {
    methodsOf: (path) => {
      const methods = [...known.values()]
        .filter(({ pattern }) => pattern.test(path))
        .flatMap((one) => [...one.methods]);
      return methods.length === 0 ? null : [...new Set(methods)].toSorted();
    },
  };
}
