/**
 * How the OpenAPI document is made of the routes and their schemas: what all of them have in common is said here once.
 */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

const PROBLEM = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
const REFUSALS = {
  '4xx': { description: 'A refusal: what is wrong, and what would be right.', ...PROBLEM },
  '5xx': { description: 'Not now (503, with Retry-After), or something went wrong inside (500).', ...PROBLEM },
};
const KEY_HEADER = {
  'idempotency-key': {
    type: 'string',
    maxLength: 255,
    description: 'The same request under the same key is done once, and answered again for 24 hours.',
  },
};
const PREFER_HEADER = {
  prefer: {
    type: 'string',
    description:
      'respond-async: a write that changed something is answered with 202 and the Location of its receipt, and no wait.',
  },
};
const MATCH_HEADER = {
  'if-match': { type: 'string', description: 'The ETag that was read; with another version the answer is 412.' },
};
const VERSIONED = /^\/v1\/(?:entities\/:id(?:\/(?:close|move|transfer))?|systems\/:name)$/;
/** They write nothing that a second request would repeat. */
const REPEATABLE = new Set([
  '/v1/decisions',
  '/v1/verify',
  '/v1/entities/:id/plan',
  '/v1/observations',
  '/v1/records',
  '/v1/freeswitch/directory',
  '/v1/freeswitch/dialplan',
]);

const transformSchema = createJsonSchemaTransform({ skipList: ['/docs/*', '/docs'] });
const SCHEMAS = '#/components/schemas/';

export function documentOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Abeyance',
        description:
          'One tree in which any account or resource is suspended, resumed or closed, with everything beneath it.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: (document) => {
      const { schema, url } = transformSchema(document);
      if (!url.startsWith('/v1/')) return { schema, url };
      const isWrite = document.route.method !== 'GET' && !REPEATABLE.has(url);
      const answers = schema?.response as Readonly<Record<string, object>> | undefined;
      const answered = answers?.['201'] ?? answers?.['200'] ?? answers?.['207'];
      // What is answered with Prefer: respond-async is the same, but for the number.
      const response = { ...answers, ...(isWrite && answered !== undefined ? { 202: answered } : {}), ...REFUSALS };
      const headers = isWrite
        ? {
            type: 'object',
            properties: { ...KEY_HEADER, ...PREFER_HEADER, ...(VERSIONED.test(url) ? MATCH_HEADER : {}) },
          }
        : undefined;
      return { schema: { ...schema, response, ...(headers === undefined ? {} : { headers }) }, url };
    },
    transformObject: (document) => withUsedSchemas(jsonSchemaTransformObject(document)),
  };
}

type Transformed = ReturnType<typeof jsonSchemaTransformObject>;

/** Leaves away what no route refers to, and the suffix by which inputs are told from answers where there is one of both. */
function withUsedSchemas(transformed: Transformed): Transformed {
  const document = transformed as { paths?: object; components?: { schemas?: Readonly<Record<string, unknown>> } }; // OpenAPI 3.1.
  const all = document.components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(all[name]);
    }
  };
  visit(document.paths ?? {});
  const shortened = (name: string) =>
    name.endsWith('Input') && !used.has(name.slice(0, -5)) ? name.slice(0, -5) : name;
  const rename = <T>(part: T): T =>
    JSON.parse(
      JSON.stringify(part).replaceAll(
        /"#\/components\/schemas\/(\w+)"/g,
        (_, name: string) => `"${SCHEMAS}${shortened(name)}"`,
      ),
    ) as T; // The same but for names.
  const schemas = Object.fromEntries(
    [...used].map((name) => [shortened(name), all[name]] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  return rename({ ...document, components: { ...document.components, schemas } }) as Transformed;
}
