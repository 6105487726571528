/** What a server has: its service providers, their groups, and the users of a group. */
import { type Command, type Row, errorOf, tableOf } from './document.ts';
import { failureOf } from './failure.ts';
import { LIST_TIMEOUT_MS } from './look.ts';
import type { Session } from './session.ts';
import type { ExchangeOptions } from './transport.ts';

/** Whom to ask, and how. */
export interface ListDesk {
  readonly session: Session;
  readonly options: ExchangeOptions;
  readonly redact: (text: string) => string;
}

/** The ids of all service providers and enterprises. Throws `BroadworksFailure`. */
export function listProviders(desk: ListDesk): Promise<string[]> {
  const command = { type: 'ServiceProviderGetListRequest', parts: [] };
  return list(desk, command, 'serviceProviderTable', 'Service Provider Id');
}

/** The ids of the groups of a service provider. Throws `BroadworksFailure`. */
export function listGroups(desk: ListDesk, serviceProviderId: string): Promise<string[]> {
  const command: Command = {
    type: 'GroupGetListInServiceProviderRequest',
    parts: [['serviceProviderId', serviceProviderId]],
  };
  return list(desk, command, 'groupTable', 'Group Id');
}

/** The ids of the users of a group. Throws `BroadworksFailure`. */
export function listUsers(desk: ListDesk, serviceProviderId: string, groupId: string): Promise<string[]> {
  const command: Command = {
    type: 'UserGetListInGroupRequest',
    parts: [
      ['serviceProviderId', serviceProviderId],
      // Written with a capital here, and nowhere else.
      ['GroupId', groupId],
    ],
  };
  return list(desk, command, 'userTable', 'User Id');
}

async function list({ session, options, redact }: ListDesk, command: Command, table: string, heading: string) {
  const timeoutMs = Math.max(LIST_TIMEOUT_MS, options.timeoutMs);
  const answers = await session.read([command], { ...options, timeoutMs });
  return answers.flatMap((answer) => {
    const error = errorOf(answer);
    if (error !== null) throw failureOf(error, redact);
    return tableOf(answer, table).flatMap((row: Row) => row.get(heading) ?? []);
  });
}
