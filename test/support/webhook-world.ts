/** What the tests of webhooks share: an installation whose events are read and sent, and webhooks of any account. */
import type { Values } from '#core/field.ts';
import type { Pace } from '#core/system-kind.ts';
import { webhook } from '#core/systems/webhook.ts';
import { Deliveries } from '#reconciler/events/deliveries.ts';
import { EventPipeline } from '#reconciler/events/event-pipeline.ts';
import { type SystemRow, insertSystem } from '#store/system.ts';
import { makeSendWebhook } from '#systems/webhook/webhook.ts';

import type { Installation } from './installation.ts';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Tries again at once, so that no test waits. */
const QUICK: Partial<Pace> = { retryMinMs: 1, retryMaxMs: 5, breakerFailures: 1_000, breakerOpenMs: 5 };

export interface WebhookWorld {
  readonly pipeline: EventPipeline;
  readonly deliveries: Deliveries;
  addWebhook(
    name: string,
    settings: Values,
    options?: { readonly account?: number; readonly secrets?: Values; readonly pace?: Partial<Pace> },
  ): Promise<SystemRow>;
  /** Other deliveries on the same database, as of another process. */
  another(options?: { readonly isPrivateAllowed?: boolean }): Deliveries;
  /** Reads all events, and sends until nothing of what may be sent is pending. */
  sendAll(): Promise<void>;
  /** Reads all events. */
  readAll(): Promise<void>;
}

export function webhookWorld(here: Installation, troubles: unknown[] = []): WebhookWorld {
  const onTrouble = (error: unknown) => void troubles.push(error);
  const { context } = here;
  const another: WebhookWorld['another'] = ({ isPrivateAllowed = true } = {}) =>
    new Deliveries({ context, send: makeSendWebhook({ isPrivateAllowed, userAgent: 'Abeyance/test' }), onTrouble });
  const pipeline = new EventPipeline({ context, onTrouble });
  const deliveries = another();
  const readAll = async () => {
    while (await pipeline.step());
  };
  return {
    pipeline,
    deliveries,
    another,
    readAll,
    addWebhook: (name, settings, { account = 0, secrets = { secret: SECRET }, pace = {} } = {}) =>
      insertSystem(here.session, context.sealingKey, {
        name,
        kind: 'webhook',
        accountId: account,
        settings: { form: 'standard', types: [], ...settings },
        secrets,
        drift: 'off',
        ...webhook.pace,
        ...QUICK,
        ...pace,
      }),
    async sendAll() {
      await readAll();
      for (;;) {
        const isMore = await deliveries.round();
        await deliveries.settled();
        const { rowCount } = await here.pool.query(
          `select from delivery d join system s on s.id = d.system_id where d.outcome = 'pending' and s.paused_at is null
            union all select from webhook where event_id < (select max(id) from event) limit 1`,
        );
        if (!isMore && rowCount === 0) return;
      }
    },
  };
}
