/** An organization as Restcomm writes it. */
import { sidOf } from '#core/sid.ts';
import type { OrganizationView } from '#operations/telephony/organizations.ts';

import { type Shape, dateText } from '../response.ts';

export const ORGANIZATION: Shape<OrganizationView> = {
  one: 'Organization',
  many: 'Organizations',
  keepsNull: true,
  members: [
    { json: 'sid', xml: 'Sid', of: ({ uuid }) => sidOf('organization', uuid) },
    { json: 'domain_name', xml: 'DomainName', of: ({ domain }) => domain },
    { json: 'status', xml: 'Status', of: ({ status }) => status },
    { json: 'date_created', xml: 'DateCreated', of: ({ createdAt }) => dateText(createdAt) },
    { json: 'date_updated', xml: 'DateUpdated', of: ({ updatedAt }) => dateText(updatedAt) },
  ],
};
