/** The certificate with which the server speaks TLS, and how it is exchanged without ending a connection. */
import { readFile } from 'node:fs/promises';
import { Server as HttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';

import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import type { TlsFiles } from './http-settings.ts';
import { ConfigurationError } from './setting.ts';

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads certificate and key, and tries them. Throws `ConfigurationError` when they cannot be used. */
export async function readTls(files: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([
    readSettingFile('ABEYANCE_TLS_CERT', files.cert),
    readSettingFile('ABEYANCE_TLS_KEY', files.key),
  ]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ConfigurationError(
      'ABEYANCE_TLS_CERT and ABEYANCE_TLS_KEY',
      `must name a certificate and its key as PEM without a password (${messageOf(error)})`,
    );
  }
  return { cert, key };
}

/** Takes the files as they are now. When they cannot be used the server goes on with what it has, and says so. */
export async function rereadTls(app: FastifyInstance, files: TlsFiles, log: FastifyBaseLogger): Promise<void> {
  try {
    const pair = await readTls(files);
    if (app.server instanceof HttpsServer) app.server.setSecureContext(pair);
    log.info({ cert: files.cert }, 'the certificate was read again');
  } catch (error) {
    log.error({ err: error }, 'the certificate was not exchanged');
  }
}

async function readSettingFile(name: string, path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new ConfigurationError(name, `must name a file that can be read (${messageOf(error)})`);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
