/** A call platform that is connected, and an organization with a client and a number in it. */
import type { OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { createSystem } from '#operations/systems/write-systems.ts';
import { PLATFORM_TOKEN } from '#systems/call-platform/simulator.ts';

import { ADMIN } from './installation.ts';

export async function connectPlatform(
  context: OperationContext,
  name: string,
  origin: string,
  more: Readonly<Record<string, unknown>> = {},
  pace: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await createSystem(context, ADMIN, {
    name,
    kind: 'call_platform',
    settings: { url: `${origin}/v1`, ...more },
    secrets: { token: PLATFORM_TOKEN },
    ...pace,
  });
}

/** A SIP domain of the platform, to be the organization of accounts. */
export async function addOrganization(context: OperationContext, domain: string): Promise<string> {
  return (await createEntity(context, ADMIN, { kind: 'sip_domain', parent: 0, domain })).value.id;
}

/** A client of an account in an organization. */
export async function addClient(
  context: OperationContext,
  organization: string,
  owner: string,
  username: string,
): Promise<string> {
  const { value } = await createEntity(context, ADMIN, {
    kind: 'sip_account',
    parent: organization,
    owner,
    username,
    password: 'A pass word 17',
  });
  return value.id;
}
