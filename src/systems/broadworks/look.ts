/** What has to be known before anything is written, in one document; and what is there afterwards. */
import type { BroadworksReference } from '#core/systems/broadworks-reference.ts';

import { type Answer, type Command, booleanOf, errorOf, tableOf } from './document.ts';
import { BroadworksFailure, NOT_ASSIGNED_CODE, SLOW_RETRY_MS, failureOf } from './failure.ts';
import { type Found, readCommand, readFound, referenceParts } from './intercept-elements.ts';
import type { Session } from './session.ts';
import type { ExchangeOptions } from './transport.ts';

/** How a session is used for one target. */
export interface Desk {
  readonly session: Session;
  readonly reference: BroadworksReference;
  readonly options: ExchangeOptions;
  readonly redact: (text: string) => string;
}

export interface Look {
  readonly found: Found;
  /** Whether emergency calls are intercepted as well, in the whole server; null when we may not know. */
  readonly stopsEmergency: boolean | null;
}

/** Tables of services are long, and servers slow with them. */
export const LIST_TIMEOUT_MS = 180_000;

/** Reads all that decides whether intercept may be written. Throws `BroadworksFailure`. */
export async function look(desk: Desk): Promise<Look> {
  const { session, reference, options, redact } = desk;
  await session.open(options);
  const commands: Command[] = [
    assignedCommand(reference),
    { type: 'SystemInterceptUserGetRequest', parts: [] },
    readCommand(session.family, reference),
  ];
  const [assigned, emergency, settings] = await session.read(commands, options);
  if (assigned === undefined || emergency === undefined || settings === undefined)
    throw new BroadworksFailure('session', 'the server left a question without an answer', 'later');
  const isAssigned = booleanOf(assigned, 'isAssigned');
  const failed = errorOf(assigned);
  if (isAssigned === false) throw await missing(desk, settings);
  // Some administrators may not ask this; then the settings themselves tell.
  if (failed !== null && failed.number !== 5404) throw failureOf(failed, redact);
  return { found: foundIn(desk, settings), stopsEmergency: booleanOf(emergency, 'emergencyAndRepairIntercept') };
}

/** Reads the settings alone. Throws `BroadworksFailure`. */
export async function find(desk: Desk): Promise<Found> {
  const { session, reference, options } = desk;
  await session.open(options);
  const [settings] = await session.read([readCommand(session.family, reference)], options);
  if (settings === undefined)
    throw new BroadworksFailure('session', 'the server left a question without an answer', 'later');
  return foundIn(desk, settings);
}

function foundIn({ session, reference, redact }: Desk, answer: Answer): Found {
  const error = errorOf(answer);
  if (error !== null) throw failureOf(error, redact);
  const found = readFound(session.family, reference, answer);
  if (found !== null) return found;
  throw new BroadworksFailure(
    'unexpected_answer',
    `the server's answer is not one of the ${session.family} family, or lacks something`,
    'never',
    SLOW_RETRY_MS,
  );
}

function assignedCommand(reference: BroadworksReference): Command {
  const name = serviceOf(reference);
  return {
    type: 'userId' in reference ? 'UserServiceIsAssignedRequest' : 'GroupServiceIsAssignedRequest',
    parts: [...referenceParts(reference), ['serviceName', name]],
  };
}

function serviceOf(reference: BroadworksReference): string {
  return 'userId' in reference ? 'Intercept User' : 'Intercept Group';
}

/** The service is not there: in the server's own words, and whether it is authorised at all. It is never assigned by us. */
async function missing(desk: Desk, settings: Answer): Promise<BroadworksFailure> {
  const { session, reference, options, redact } = desk;
  const name = serviceOf(reference);
  const error = errorOf(settings);
  const text =
    error?.number === NOT_ASSIGNED_CODE
      ? failureOf(error, redact).message
      : `Service is not assigned to this subscriber: ${name}`;
  if ('userId' in reference) return new BroadworksFailure('service_not_assigned', text, 'never', SLOW_RETRY_MS);
  const command = { type: 'GroupServiceGetAuthorizationListRequest', parts: referenceParts(reference) };
  const [list] = await session.read([command], { ...options, timeoutMs: Math.max(LIST_TIMEOUT_MS, options.timeoutMs) });
  const row =
    list === undefined
      ? undefined
      : tableOf(list, 'groupServicesAuthorizationTable').find((one) => one.get('Service Name') === name);
  const isAuthorized = row === undefined ? null : row.get('Authorized') === 'true';
  const code = isAuthorized === false ? 'service_not_authorized' : 'service_not_assigned';
  return new BroadworksFailure(code, text, 'never', SLOW_RETRY_MS);
}
