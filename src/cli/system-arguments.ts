/**
 * A system on the command line: settings and pace as `name=value`, credentials from files, standard input or the keyboard, and
 * never as text of the command, where every process of the machine could read them.
 */
import type { FieldView, SystemKindView } from './system-types.ts';
import { UsageError } from './exit-code.ts';
import { readPairs, readValueFile } from './field-arguments.ts';
import { readSecretLines } from './password-input.ts';
import type { Session } from './session.ts';

/** Fields of a system that are no settings, with their types. */
const PLAIN: Readonly<Record<string, { readonly type: string }>> = {
  account: { type: 'text' },
  drift: { type: 'text' },
  rate: { type: 'number' },
  concurrency: { type: 'integer' },
  timeoutMs: { type: 'integer' },
  flightMaxMs: { type: 'integer' },
  retryMinMs: { type: 'integer' },
  retryMaxMs: { type: 'integer' },
  breakerFailures: { type: 'integer' },
  breakerOpenMs: { type: 'integer' },
  driftEveryMs: { type: 'integer' },
};

/** The kinds of systems, as the server knows them. */
export function listKinds(session: Session): Promise<SystemKindView[]> {
  return session.client.listAll<SystemKindView>('/v1/system-kinds');
}

export interface SecretOptions {
  readonly secret?: readonly string[];
}

/** For an option that may be given several times. */
export function collect(word: string, words: readonly string[] = []): string[] {
  return [...words, word];
}

/** The body that the pairs and the secrets describe. Throws `UsageError`. */
export async function readSystemBody(
  session: Session,
  kind: SystemKindView | undefined,
  pairs: readonly string[],
  options: SecretOptions,
): Promise<Record<string, unknown>> {
  const settingTypes = Object.fromEntries((kind?.settings ?? []).map((field: FieldView) => [field.name, field]));
  const read = readPairs({ ...settingTypes, ...PLAIN }, pairs);
  const secretName = Object.keys(read).find((name) => kind?.secrets.some((field) => field.name === name));
  if (secretName !== undefined)
    throw new UsageError(
      `${secretName} is a secret: give it as --secret ${secretName}=@file, or --secret ${secretName}`,
    );
  const entries = Object.entries(read);
  const settings = Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(PLAIN, name)));
  const secrets = await readSecrets(session, options.secret ?? []);
  return {
    ...Object.fromEntries(entries.filter(([name]) => Object.hasOwn(PLAIN, name))),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  };
}

/** `name=@file`, `name=@-` for standard input, `name=` to take it away, `name` alone to be asked. */
async function readSecrets(session: Session, given: readonly string[]): Promise<Record<string, string | null>> {
  const secrets: Record<string, string | null> = {};
  const asked: string[] = [];
  const typed: string[] = [];
  for (const word of given) {
    const [, name = '', , value] = /^([A-Za-z][A-Za-z0-9]*)(=(.*))?$/s.exec(word) ?? [];
    if (name === '' || Object.hasOwn(secrets, name) || asked.includes(name) || typed.includes(name))
      throw new UsageError(`a secret is given once, as name=@file or name, not "${name === '' ? '…' : name}"`);
    if (value === undefined) asked.push(name);
    else if (value === '') secrets[name] = null;
    else if (value === '@-') typed.push(name);
    else if (value.startsWith('@')) secrets[name] = readValueFile(name, value.slice(1));
    // What was typed is not told back: it may be the secret itself.
    else throw new UsageError(`the secret ${name} must come from a file, ${name}=@file, or standard input, ${name}=@-`);
  }
  if (typed.length > 1) throw new UsageError('standard input can be one secret only');
  for (const name of typed) secrets[name] = (await readSecretLines(session, [`the secret ${name}`]))[0] ?? null;
  if (asked.length === 0) return secrets;
  if (!session.terminal.canAsk) throw new UsageError(`nobody can be asked here: give ${asked[0]}=@file`);
  const answers = await session.terminal.askSecrets(
    asked.map((name) => `Secret ${name}`),
    session.signal,
  );
  for (const [index, name] of asked.entries()) secrets[name] = answers[index] ?? null;
  return secrets;
}
