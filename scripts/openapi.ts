/**
 * The OpenAPI document that the code gives, as `docs/openapi.json` has it. It needs no database.
 *
 * Usage: node scripts/openapi.ts; writes docs/openapi.json.
 */
import { writeFile } from 'node:fs/promises';

import { pino } from 'pino';

import { makeHttpServer } from '#main/http-server.ts';
import { DEFAULT_HTTP_SETTINGS } from '#main/http-settings.ts';
import { readVersion } from '#main/version.ts';
import type { OperationContext } from '#operations/context.ts';

export const OPENAPI_FILE = new URL('../docs/openapi.json', import.meta.url);

/** The document as text: indented, in the order of the routes. */
export async function openApiText(): Promise<string> {
  const app = await makeHttpServer({
    context: {} as OperationContext, // No route is called.
    verifyPassword: () => Promise.reject(new Error('the document is made without any request')),
    authenticate: () => Promise.reject(new Error('the document is made without any request')),
    version: await readVersion(),
    log: pino({ level: 'silent' }),
    stopping: new AbortController().signal,
    metrics: null,
    readiness: () => Promise.reject(new Error('no route is called')),
    settings: DEFAULT_HTTP_SETTINGS,
  });
  try {
    const response = await app.inject('/docs/json');
    return `${JSON.stringify(response.json(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}

if (import.meta.main) await writeFile(OPENAPI_FILE, await openApiText());
