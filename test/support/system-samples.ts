/** Systems of any kind with as much as they need to be accepted; nobody listens at their addresses. */
import type { SystemKindName } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';

const SETTINGS: Readonly<Record<string, string>> = {
  url: 'https://systems.example/',
  host: 'systems.example',
  controllerUri: 'https://abeyance.example/',
  instanceId: '0d8a3b8e-6b1f-4f57-9d7c-0a3f5b1c2d4e',
  trust: 'oauth',
};
const SECRETS: Readonly<Record<string, string>> = {
  key: 'a key',
  token: 'a token',
  oauthKey: 'abcdefghijklmnop12345678',
  oauthSecret: '12345678abcdefghijklmnop',
};

const known = (fields: object, samples: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(samples).filter(([name]) => Object.hasOwn(fields, name)));

export function sampleSystem(kind: SystemKindName) {
  const { settings, secrets } = SYSTEM_KIND[kind];
  return { kind, settings: known(settings, SETTINGS), secrets: known(secrets, SECRETS) };
}
