/** Every kind of downstream system. */
import type { SystemKind, SystemKindName } from '#core/system-kind.ts';
import { aps } from '#core/systems/aps.ts';
import { broadworks } from '#core/systems/broadworks.ts';
import { callPlatform } from '#core/systems/call-platform.ts';
import { dovecot } from '#core/systems/dovecot.ts';
import { kamailio } from '#core/systems/kamailio.ts';
import { numberProvider } from '#core/systems/number-provider.ts';
import { powerdns } from '#core/systems/powerdns.ts';
import { webhook } from '#core/systems/webhook.ts';

export const SYSTEM_KIND: Readonly<Record<SystemKindName, SystemKind>> = {
  aps,
  broadworks,
  kamailio,
  powerdns,
  dovecot,
  number_provider: numberProvider,
  webhook,
  call_platform: callPlatform,
};
