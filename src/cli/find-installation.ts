/** The installation as a whole, for callers who may see it: it is for the platform. */
import type { InstallationView } from './api-types.ts';
import type { Client } from './client.ts';
import { ApiProblem } from './client-error.ts';

/** Version, revision and size; null for a caller who may not see them. */
export async function findInstallation(client: Client): Promise<InstallationView | null> {
  try {
    return await client.get<InstallationView>('/v1/status');
  } catch (error) {
    if (error instanceof ApiProblem && error.httpStatus === 403) return null;
    throw error;
  }
}
