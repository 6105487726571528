/**
 * The words by which people read standings, kinds, times and numbers. Every command takes them from here.
 *
 * Times are UTC to the second: a terminal, a log and a colleague elsewhere must agree on them.
 */
import type { Kind } from '#core/kind.ts';
import type { Standing } from '#core/restrictions.ts';
import type { EntityView } from '#cli/api-types.ts';
import type { Paint, Style } from '#cli/terminal.ts';

const STANDING_STYLE: Readonly<Record<Standing, Style>> = {
  active: 'green',
  limited: 'yellow',
  suspended: 'red',
  closed: 'gray',
};

/** A standing in its colour. */
export function standingWord(standing: Standing, paint: Paint): string {
  return paint(STANDING_STYLE[standing] ?? 'gray', standing);
}

const KIND_WORDS: Readonly<Record<Kind, readonly [one: string, many: string]>> = {
  account: ['account', 'accounts'],
  sip_domain: ['SIP domain', 'SIP domains'],
  sip_account: ['SIP account', 'SIP accounts'],
  sip_alias: ['SIP alias', 'SIP aliases'],
  trusted_peer: ['trusted peer', 'trusted peers'],
  phone_number: ['phone number', 'phone numbers'],
  application: ['application', 'applications'],
  enum_range: ['ENUM range', 'ENUM ranges'],
  enum_number: ['ENUM number', 'ENUM numbers'],
  dns_zone: ['DNS zone', 'DNS zones'],
  dns_record: ['DNS record', 'DNS records'],
  mailbox: ['mailbox', 'mailboxes'],
  foreign: ['foreign resource', 'foreign resources'],
};

/** The word for a kind; one that this client does not know yet stays as it is. */
export function kindWord(kind: string, count = 1): string {
  const words = Object.hasOwn(KIND_WORDS, kind) ? KIND_WORDS[kind as Kind] : undefined; // just judged to be a key
  return words === undefined ? kind : words[count === 1 ? 0 : 1];
}

/** A kind at the head of a sentence. */
export function kindTitle(kind: string): string {
  const word = kindWord(kind);
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** How a sentence names an entity: kind and label, and the number by which it can be asked for. */
export function entityName(entity: Pick<EntityView, 'kind' | 'label' | 'number'>): string {
  return `${kindWord(entity.kind)} ${entity.label} (number ${entity.number})`;
}

/** A time as `2026-03-01 09:30:00 UTC`; text that is no time stays as it is. */
export function timeText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A number with its thousands apart. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** `1 entity`, `2,000 entities`. */
export function entitiesText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'entity' : 'entities'}`;
}

/** Words of a list as a sentence has them: `a, b and c`. */
export function listText(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
