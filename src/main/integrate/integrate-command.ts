/** `integrate`, and what `doctor` sees of it, with the settings of this machine's environment. */
import type { ChainFinding, ChainProbes, IntegrateOptions, Integrated, IntegrationView } from '#cli/local-commands.ts';
import { readConfiguration } from '#main/configuration.ts';

import { examineChain } from './examine-chain.ts';
import { integrate } from './integrate.ts';
import { listIntegrations, readManifest } from './integration.ts';

export function integrateHere(options: IntegrateOptions): Promise<Integrated> {
  return integrate(readConfiguration(process.env), options);
}

export async function describeIntegrations(): Promise<IntegrationView[]> {
  const servers = await listIntegrations();
  return Promise.all(
    servers.map(async (server) => {
      const { title, settings } = await readManifest(server);
      return { server, title, settings };
    }),
  );
}

export function examineHere(probes: ChainProbes): Promise<ChainFinding[]> {
  return examineChain(readConfiguration(process.env), probes);
}
