/** A client as Restcomm writes it. */
import type { ClientView } from '#operations/telephony/read-clients.ts';

import { type Shape, dateText } from '../response.ts';
import { accountSid, apiVersion, applicationSid, member, sid, uri } from './resource.ts';

export const CLIENT: Shape<ClientView> = {
  one: 'Client',
  many: 'Clients',
  members: [
    sid('client'),
    member('date_created', ({ createdAt }) => dateText(createdAt)),
    member('date_updated', ({ updatedAt }) => dateText(updatedAt)),
    accountSid(),
    apiVersion(),
    member('friendly_name', ({ friendlyName }) => friendlyName),
    member('login', ({ login }) => login),
    member('password', ({ ha1 }) => ha1),
    { json: 'password_algorithm', xml: 'Password_Algorithm', of: () => 'MD5' },
    member('status', ({ isEnabled }) => (isEnabled ? '1' : '0')),
    member('voice_url', ({ voiceUrl }) => voiceUrl),
    member('voice_method', ({ voiceMethod }) => voiceMethod),
    member('voice_fallback_url', ({ voiceFallbackUrl }) => voiceFallbackUrl),
    member('voice_fallback_method', ({ voiceFallbackMethod }) => voiceFallbackMethod),
    member('voice_application_sid', ({ voiceApplication }) => applicationSid(voiceApplication)),
    uri('client', 'Clients'),
    member('push_client_identity', ({ pushClientIdentity }) => pushClientIdentity),
  ],
};
