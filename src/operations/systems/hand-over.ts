/** Hands certificates over to an APS endpoint, and keeps what it is trusted by from then on. */
import type { Values } from '#core/field.ts';
import { invalid, problem } from '#core/problem.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { refuseUnknown } from '#operations/resolve.ts';
import { openSecrets, updateSystem } from '#store/system.ts';

import { getLockedSystem, getWritableSystem } from './find-system.ts';
import { type SystemView, paceOf, systemView } from './system-view.ts';

/** Makes the certificates and sends them. Throws `unavailable` when trying again may help, else `conflict`. */
export type HandOver = (
  system: { readonly id: number; readonly name: string; readonly settings: Values; readonly secrets: Values },
  options: { readonly timeoutMs: number; readonly fingerprint: string | undefined },
) => Promise<{ readonly secrets: Values; readonly fingerprint: string; readonly isRotation: boolean }>;

export interface HandedOver {
  readonly system: SystemView;
  /** SHA-256 of the certificate that the endpoint showed, by which it is known from now on. */
  readonly fingerprint: string;
  /** Whether it had certificates before; those stay good there for an hour. */
  readonly isRotation: boolean;
}

const FINGERPRINT = /^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/;

/**
 * Hands over, for the first time or anew. Nothing is locked while the endpoint is asked. Throws `not_found`, `forbidden`,
 * `invalid`, `conflict` where there is nothing to hand over or the endpoint refuses, `unavailable`.
 */
export async function handOverSystem(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Performed<HandedOver>> {
  const row = await getWritableSystem(reader(context), actor, name);
  refuseUnknown(input, ['fingerprint'], 'a hand-over');
  const { fingerprint = null } = input;
  if (fingerprint !== null && (typeof fingerprint !== 'string' || !FINGERPRINT.test(fingerprint)))
    throw invalid({ field: 'fingerprint', message: 'must be a SHA-256 in hex, such as that of openssl x509' });
  if (row.kind !== 'aps' || row.settings['trust'] !== 'x509')
    throw problem('conflict', `${row.name} is no APS endpoint that trusts by x509; there is nothing to hand over.`);
  if (context.handOver === undefined) throw problem('unavailable', 'Certificates cannot be handed over here.');
  const secrets = openSecrets(context.sealingKey, row);
  const handed = await context.handOver(
    { id: row.id, name: row.name, settings: row.settings, secrets },
    { timeoutMs: row.timeout_ms, fingerprint: fingerprint ?? undefined },
  );
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const { transaction, actor: asking } = work;
    const locked = await getLockedSystem(transaction, asking, row.uuid);
    // The endpoint has the new ones already: they are kept whatever else was changed meanwhile.
    const kept = { ...openSecrets(context.sealingKey, locked), ...handed.secrets };
    const body = { settings: locked.settings, secrets: kept, drift: locked.drift, ...paceOf(locked) };
    const changed = await updateSystem(transaction, context.sealingKey, locked, body);
    transaction.record({
      kind: 'system.changed',
      entityId: locked.account_id,
      facts: { system: locked.uuid, name: locked.name, systemKind: locked.kind, fields: ['secrets'], handedOver: true },
      touched: [],
    });
    const system = await systemView(context, transaction, asking.accountId, changed);
    return { system, fingerprint: handed.fingerprint, isRotation: handed.isRotation };
  });
}
