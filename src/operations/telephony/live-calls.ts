/** What runs now on all platforms together, as far as records tell. For the platform alone. */
import { LIVE_CALL_STATUSES } from '#core/record.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { countCallsByStatus, countMessagesByDirection } from '#store/live-calls.ts';
import { type CallRow, listRecords } from '#store/record.ts';

/** As many live calls as one answer shows. */
const LIVE_MAX = 1_000;

export interface CallMetrics {
  readonly live: number;
  readonly liveIncoming: number;
  readonly liveOutgoing: number;
  readonly total: number;
  /** By the status of calls that are over. */
  readonly ended: Readonly<Record<string, number>>;
  readonly messagesIncoming: number;
  readonly messagesOutgoing: number;
}

export async function readMetrics(context: OperationContext): Promise<CallMetrics> {
  const session = reader(context);
  const calls = await countCallsByStatus(session);
  const messages = await countMessagesByDirection(session);
  const sum = (of: readonly { readonly count: number }[]) => of.reduce((total, { count }) => total + count, 0);
  const live = calls.filter(({ status }) => LIVE_CALL_STATUSES.includes(status));
  const ended: Record<string, number> = {};
  for (const { status, count } of calls)
    if (!LIVE_CALL_STATUSES.includes(status)) ended[status] = (ended[status] ?? 0) + count;
  const incoming = (of: readonly { readonly direction: string; readonly count: number }[]) =>
    sum(of.filter(({ direction }) => direction === 'inbound'));
  return {
    live: sum(live),
    liveIncoming: incoming(live),
    liveOutgoing: sum(live) - incoming(live),
    total: sum(calls),
    ended,
    messagesIncoming: incoming(messages),
    messagesOutgoing: sum(messages) - incoming(messages),
  };
}

/** The newest calls that run. */
export function listLiveCalls(context: OperationContext): Promise<readonly CallRow[]> {
  const filter = { account: 0, withBeneath: true, withClosed: true, oneOf: { status: LIVE_CALL_STATUSES } };
  return listRecords(reader(context), 'call', filter, 0, LIVE_MAX);
}
