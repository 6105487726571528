/** What runs here: identity, epoch, revision, size. */
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { getHead } from '#store/change.ts';
import { getInstallation } from '#store/installation.ts';
import { schemaVersion } from '#store/migrate.ts';

export interface InstallationStatus {
  readonly installation: string;
  readonly epoch: string;
  readonly revision: number;
  readonly entities: number;
  readonly schemaVersion: number;
}

export async function readStatus(context: OperationContext, actor: Actor): Promise<InstallationStatus> {
  requirePermission(actor, 'installation:read');
  const session = reader(context);
  const [head, installation, version] = [
    await getHead(session),
    await getInstallation(session),
    await schemaVersion(session),
  ];
  return {
    installation: installation.id,
    epoch: head.epoch,
    revision: head.revision,
    entities: context.engine.metrics().entities,
    schemaVersion: version,
  };
}
