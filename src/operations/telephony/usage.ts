/** What an account itself used, from its records; what lies beneath it is not added up. */
import { problem } from '#core/problem.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { NamedAccount } from '#operations/telephony/find-account.ts';
import { sumUsage } from '#store/usage.ts';

export const USAGE_CATEGORIES = ['calls', 'sms'] as const;
export type UsageCategory = (typeof USAGE_CATEGORIES)[number];

/** Each span by its word: what it is divided by, and its first day and the day after its last one, from today. */
const SPANS: Readonly<Record<string, { readonly by: 'day' | 'month' | 'year' | null; readonly of: Span | null }>> = {
  daily: { by: 'day', of: null },
  monthly: { by: 'month', of: null },
  yearly: { by: 'year', of: null },
  alltime: { by: null, of: null },
  today: { by: null, of: (today) => [today, plusDays(today, 1)] },
  yesterday: { by: null, of: (today) => [plusDays(today, -1), today] },
  thismonth: { by: null, of: (today) => [monthOf(today, 0), monthOf(today, 1)] },
  lastmonth: { by: null, of: (today) => [monthOf(today, -1), monthOf(today, 0)] },
};
type Span = (today: Date) => readonly [Date, Date];

export interface UsageView {
  readonly category: UsageCategory;
  readonly accountUuid: string;
  /** Days, the last one included. */
  readonly start: string;
  readonly end: string;
  /** Minutes of calls, begun ones counting whole; messages. */
  readonly usage: number;
  readonly count: number;
  readonly price: string;
  readonly priceUnit: string;
}

/**
 * The usage of an account over a span, by its word in any case; `since` and `until` (excluded) narrow it. A span that is
 * divided has one line for each part in which something was; any other has one line. Throws `not_found` for no such word.
 */
export async function readUsage(
  context: OperationContext,
  account: NamedAccount,
  word: string,
  category: UsageCategory,
  { since, until }: { readonly since: Date | null; readonly until: Date | null },
): Promise<readonly UsageView[]> {
  const name = word.toLowerCase();
  const span = Object.hasOwn(SPANS, name) ? SPANS[name] : undefined;
  if (span === undefined) throw problem('not_found', `There is no usage ${word}.`);
  const today = dayOf(context.clock());
  const [first, last] = span.of?.(today) ?? [null, null];
  const from = latest(first, since);
  const to = earliest(last, until);
  const rows = await sumUsage(reader(context), {
    account: account.id,
    of: category === 'calls' ? 'call' : 'message',
    by: span.by,
    since: from,
    until: to,
  });
  const empty = { period: null, count: 0, seconds: 0, price: '0', price_unit: null };
  const lines = span.by === null && rows.length === 0 ? [empty] : rows;
  return lines.map((row) => {
    const start = row.period ?? from ?? dayOf(account.created_at);
    const end = row.period === null ? plusDays(to ?? plusDays(today, 1), -1) : endOf(row.period, span.by);
    return {
      category,
      accountUuid: account.uuid,
      start: textOf(start),
      end: textOf(end),
      usage: category === 'calls' ? Math.ceil(row.seconds / 60) : row.count,
      count: row.count,
      price: row.price,
      priceUnit: row.price_unit ?? 'USD',
    };
  });
}

function dayOf(at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
}

function plusDays(day: Date, days: number): Date {
  return new Date(day.getTime() + days * 86_400_000);
}

function monthOf(day: Date, later: number): Date {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + later, 1));
}

function endOf(period: Date, by: 'day' | 'month' | 'year' | null): Date {
  if (by === 'month') return plusDays(monthOf(period, 1), -1);
  return by === 'year' ? new Date(Date.UTC(period.getUTCFullYear(), 11, 31)) : period;
}

function latest(one: Date | null, other: Date | null): Date | null {
  return one === null || (other !== null && other > one) ? other : one;
}

function earliest(one: Date | null, other: Date | null): Date | null {
  return one === null || (other !== null && other < one) ? other : one;
}

function textOf(day: Date): string {
  return day.toISOString().slice(0, 10);
}
