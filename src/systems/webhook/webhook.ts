/**
 * What a webhook is sent: an event signed as Standard Webhooks has it, or the notification of an application server.
 *
 * Source of the first: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';

import type { EventNews } from '#core/event.ts';
import type { Json } from '#core/field.ts';
import type { SendWebhook, WebhookAnswer, WebhookOrder } from '#core/systems/webhook.ts';

import { notificationOf } from './notification.ts';
import { type Post, PostFailure, post } from './post.ts';

export interface SenderOptions {
  /** Lets webhooks of any account lie in private networks, for labs. */
  readonly isPrivateAllowed: boolean;
  readonly userAgent: string;
}

/** The longest that a receiver may ask us to wait, in milliseconds. */
const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

/** Makes what sends one attempt. It throws only when the signal of the order is aborted. */
export function makeSendWebhook({ isPrivateAllowed, userAgent }: SenderOptions): SendWebhook {
  return async (order) => {
    const message = order.settings['form'] === 'restcomm' ? restcommMessage(order) : standardMessage(order, new Date());
    if (message === null) return { type: 'skipped' };
    const { timeoutMs, signal } = order;
    const headers = {
      ...ownHeaders(order.secrets['headers']),
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...message.headers,
    };
    const isPublicOnly = !order.isPlatform && !isPrivateAllowed;
    try {
      return answerOf(await post({ ...message, headers, isPublicOnly, timeoutMs, signal }));
    } catch (error) {
      if (error instanceof PostFailure) return { type: 'failed', problem: error.message };
      throw error;
    }
  };
}

function answerOf({ code, headers, text }: Awaited<ReturnType<typeof post>>): WebhookAnswer {
  const asked = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(asked) && asked > 0 ? Math.min(asked * 1000, RETRY_AFTER_MAX_MS) : null;
  return { type: 'answered', code, text, retryAfterMs };
}

type Message = Pick<Post, 'url' | 'headers' | 'body'>;

/** The signed message of an attempt at a time. Its id is the same for each attempt. */
export function standardMessage({ settings, secrets, event, name, messageId }: WebhookOrder, now: Date): Message {
  const body = JSON.stringify(
    event === null
      ? { type: 'webhook.test', timestamp: now.toISOString(), data: { webhook: name } }
      : { type: event.type, timestamp: event.at, data: dataOf(event) },
  );
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signatures = [secrets['secret'], secrets['formerSecret']]
    .filter((secret) => typeof secret === 'string')
    .map((secret) => `v1,${sign(secret, `${messageId}.${timestamp}.${body}`)}`);
  return {
    url: new URL(String(settings['url'])),
    headers: {
      'webhook-id': messageId,
      'webhook-timestamp': timestamp,
      ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
    },
    body,
  };
}

/** Type and time stand beside the data. */
function dataOf({ type: _type, at: _at, ...data }: EventNews): Omit<EventNews, 'type' | 'at'> {
  return data;
}

function sign(secret: string, content: string): string {
  return createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(content)
    .digest('base64');
}

function restcommMessage({ settings, secrets, event }: WebhookOrder): Message | null {
  const notification =
    event === null ? { type: 'accountActivated', accountSid: `AC${'0'.repeat(32)}` } : notificationOf(event);
  if (notification === null) return null;
  const credentials = `${String(secrets['sid'] ?? '')}:${String(secrets['token'] ?? '')}`;
  const base = String(settings['url']);
  return {
    url: new URL(`${base.replace(/\/+$/, '')}/notifications`),
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: JSON.stringify([notification]),
  };
}

function ownHeaders(value: Json | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name.toLowerCase(), String(text)]));
}
