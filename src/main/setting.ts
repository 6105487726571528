/** What reading any setting needs: the environment, whole numbers, and the error that names a wrong one. */

/** A setting that cannot be used. */
export class ConfigurationError extends Error {
  constructor(name: string, wanted: string) {
    super(`${name} ${wanted}.`);
    this.name = 'ConfigurationError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A whole number within its bounds; absent or empty: the fallback. */
export function readInteger(
  environment: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const text = environment[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new ConfigurationError(name, `must be a whole number from ${min} to ${max}, not "${text}"`);
}

/** What stands between commas, without spaces around; absent or empty: nothing. */
export function readList(environment: Environment, name: string): string[] {
  return (environment[name] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
