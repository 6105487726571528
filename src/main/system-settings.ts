/** Where the downstream systems are that are told of a hold, from the environment. */
import { ConfigurationError, type Environment, readList } from './setting.ts';

export interface SystemSettings {
  /** The JSON-RPC of each Kamailio. */
  readonly kamailio: readonly URL[];
  readonly powerdns: readonly KeyedPlace[];
  readonly dovecot: readonly KeyedPlace[];
}

export interface KeyedPlace {
  readonly url: URL;
  readonly key: string;
}

/** Throws `ConfigurationError`, which never shows a key. */
export function readSystemSettings(environment: Environment): SystemSettings {
  const keyed = (name: string, keyName: string): KeyedPlace[] => {
    const urls = readUrls(environment, name);
    const key = environment[keyName] ?? '';
    if (urls.length > 0 && key === '') throw new ConfigurationError(keyName, `is missing: ${name} needs it`);
    return urls.map((url) => ({ url, key }));
  };
  return {
    kamailio: readUrls(environment, 'ABEYANCE_KAMAILIO_RPC'),
    powerdns: keyed('ABEYANCE_POWERDNS_API', 'ABEYANCE_POWERDNS_API_KEY'),
    dovecot: keyed('ABEYANCE_DOVEADM', 'ABEYANCE_DOVEADM_KEY'),
  };
}

function readUrls(environment: Environment, name: string): URL[] {
  return readList(environment, name).map((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !['http:', 'https:'].includes(url.protocol))
      throw new ConfigurationError(
        name,
        'must be addresses such as http://127.0.0.1:5065/RPC with commas between them',
      );
    if (url.username !== '' || url.password !== '')
      throw new ConfigurationError(name, 'must have no user and password in its addresses');
    return url;
  });
}
