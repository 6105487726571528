/**
 * The folders in `integrations/`: what each server needs, and its files with the operator's values filled in.
 *
 * Files are taken as they are but for `{{name}}`, which stands for a value of the connection or a setting of the manifest.
 */
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';

import { invalid, problem } from '#core/problem.ts';
import type { ReaderQuestion } from '#store/reader-probe.ts';

/** Where the integrations lie that are shipped. */
export const SHIPPED = new URL('../../../integrations/', import.meta.url);
const PLACEHOLDER = /\{\{([a-z][a-z_]*)\}\}/g;

/** How a server reaches the database: the values of `{{database_host}}`, `{{database_port}}` and so on. */
export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** How the connection is protected, in the words of libpq; absent: `prefer`, as libpq does by itself. */
  readonly sslmode?: string | undefined;
}

/** A value that the operator may give. */
export interface IntegrationSetting {
  readonly name: string;
  readonly default: string;
  /** What it is for, in one sentence. */
  readonly note: string;
  /** A regular expression that the whole value must match; absent: one line without quotes and backslashes. */
  readonly pattern?: string;
}

/** `integrations/<name>/manifest.json`. */
export interface Manifest {
  /** What kind of server it is, as people call it. */
  readonly title: string;
  /** The name of its role without `abeyance_`; null where the server reads no database. */
  readonly role: string | null;
  readonly files: readonly { readonly from: string; readonly to: string; readonly secret?: boolean }[];
  readonly settings: readonly IntegrationSetting[];
  /** What it asks of a subject, by which `doctor` sees that it learns of a hold. */
  readonly probe?: ReaderQuestion;
  /** What to do when the files are there, step by step; with the same placeholders, and `{{out}}` for the folder. */
  readonly next: readonly string[];
}

export interface RenderedFile {
  readonly name: string;
  readonly text: string;
  /** Whether it has a password in it, so that only the server may read it. */
  readonly secret: boolean;
}

/** The names of all integrations: the folders that have a manifest. */
export async function listIntegrations(folder: URL = SHIPPED): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/manifest.json`, folder)))
    .map(({ name }) => name)
    .toSorted();
}

export async function readManifest(server: string, folder: URL = SHIPPED): Promise<Manifest> {
  const known = await listIntegrations(folder);
  if (!known.includes(server))
    throw invalid({ field: 'server', message: `must be one of ${known.join(', ')}, not ${JSON.stringify(server)}` });
  return JSON.parse(await readFile(new URL(`${server}/manifest.json`, folder), 'utf8')) as Manifest; // Our own file.
}

/** What `{{name}}` stands for. Throws `invalid` for a setting that is unknown or whose value cannot stand in a file. */
export function valuesOf(
  manifest: Manifest,
  database: DatabaseAccess | null,
  given: Readonly<Record<string, string>>,
): Map<string, string> {
  const values = new Map<string, string>();
  if (database !== null)
    for (const [name, value] of Object.entries({ ...database, sslmode: database.sslmode ?? 'prefer' }))
      values.set(`database_${name}`, String(value));
  for (const setting of manifest.settings) values.set(setting.name, setting.default);
  for (const [name, value] of Object.entries(given)) {
    const setting = manifest.settings.find((known) => known.name === name);
    if (setting === undefined)
      throw invalid({
        field: name,
        message: `is no setting of ${manifest.title}, which has ${manifest.settings.map((known) => known.name).join(', ') || 'none'}`,
      });
    const pattern = setting.pattern ?? String.raw`[^"'\\\x00-\x1f]*`;
    if (!new RegExp(`^(?:${pattern})$`).test(value))
      throw invalid({ field: name, message: `must match ${pattern}: ${setting.note}` });
    values.set(name, value);
  }
  return values;
}

/** Text with every `{{name}}` replaced. Throws for a name without value: a mistake in the folder. */
export function fillIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(PLACEHOLDER, (_all, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw problem('bug', `{{${name}}} stands for nothing`);
    return value;
  });
}

/** The files of an integration as they are deployed. */
export async function renderIntegration(
  server: string,
  manifest: Manifest,
  values: ReadonlyMap<string, string>,
  folder: URL = SHIPPED,
): Promise<RenderedFile[]> {
  return Promise.all(
    manifest.files.map(async ({ from, to, secret = false }) => ({
      name: to,
      text: fillIn(await readFile(new URL(`${server}/${from}`, folder), 'utf8'), values),
      secret,
    })),
  );
}

/** Whether any of the files says a value. */
export async function usesValue(server: string, manifest: Manifest, name: string, folder: URL = SHIPPED) {
  const texts = await Promise.all(
    manifest.files.map(({ from }) => readFile(new URL(`${server}/${from}`, folder), 'utf8')),
  );
  return texts.some((text) => text.includes(`{{${name}}}`));
}
