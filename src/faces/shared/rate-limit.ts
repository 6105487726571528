/**
 * How many requests a minute are taken: from each login by a bucket of tokens, which costs a decision almost nothing;
 * from each address that did not authenticate by `@fastify/rate-limit`, whose counting is asynchronous. Both are counted
 * in this process alone.
 */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { type Problem, problem } from '#core/problem.ts';

export interface RateLimits {
  /** Counts a request of a login. Throws `rate_limited`. */
  readonly countLogin: (request: FastifyRequest, login: string) => void;
  /** Counts a request of an address without a login: null, or the `rate_limited` to answer. */
  readonly countAddress: (request: FastifyRequest) => Promise<Problem | null>;
}

/** What is left after a request. */
export interface Rate {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until all of it is there again. */
  readonly resetSeconds: number;
}

export interface RateSettings {
  /** Requests a minute; 0 is no limit. */
  readonly rateLimit: number;
  readonly rateLimitAddress: number;
}

const MINUTE_MS = 60_000;
/** So many addresses are remembered, the least recent forgotten first. */
const ADDRESSES_MAX = 10_000;
/** So many logins are remembered before those are forgotten whose bucket is full anyway. */
const LOGINS_MAX = 10_000;

/** Registers the limits on a server as `rateLimits`. */
export async function registerRateLimits(app: FastifyInstance, settings: RateSettings): Promise<void> {
  const spend = makeBuckets(settings.rateLimit);
  const countLogin = (request: FastifyRequest, login: string) => {
    const rate = spend(login, performance.now());
    request.rate = rate;
    if (rate.remaining < 0) throw refusal('This login', rate, Math.ceil(-rate.remaining * (MINUTE_MS / rate.limit)));
  };
  await app.register(rateLimit, { global: false, cache: ADDRESSES_MAX });
  const limitAddress = app.createRateLimit({ max: settings.rateLimitAddress, timeWindow: MINUTE_MS });
  const countAddress = async (request: FastifyRequest) => {
    const counted = await limitAddress(request);
    if (counted.isAllowed) return null;
    const rate = { limit: counted.max, remaining: counted.remaining, resetSeconds: counted.ttlInSeconds };
    request.rate = rate;
    return counted.isExceeded ? refusal('This address', rate, counted.ttl) : null;
  };
  app.decorateRequest('rate', null);
  app.decorate('rateLimits', {
    countLogin: settings.rateLimit === 0 ? () => {} : countLogin,
    countAddress: settings.rateLimitAddress === 0 ? () => Promise.resolve(null) : countAddress,
  });
}

/** Decided in microseconds: what is left is told with a refusal only, since three headers would be a part of the cost. */
const SINGLE_DECISION = /^\/v1\/decisions(?:\?|\/http$)/;

/** Tells the caller what is left, in the headers of draft-ietf-httpapi-ratelimit-headers. */
export function tellRate(request: FastifyRequest, reply: FastifyReply): void {
  const { rate } = request;
  if (rate === null || (reply.statusCode === 200 && SINGLE_DECISION.test(request.url))) return;
  reply.header('ratelimit-limit', rate.limit);
  reply.header('ratelimit-remaining', Math.max(0, Math.floor(rate.remaining)));
  reply.header('ratelimit-reset', rate.resetSeconds);
}

function refusal(who: string, rate: Rate, waitMs: number): Problem {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return problem(
    'rate_limited',
    `${who} may send ${rate.limit} requests a minute; try again in ${retryAfterSeconds} s.`,
    { facts: { limit: rate.limit, retryAfterSeconds } },
  );
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets by name that hold a minute's worth and fill evenly. `remaining` below 0 says by how much a token is lacking. */
export function makeBuckets(perMinute: number): (name: string, nowMs: number) => Rate {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / MINUTE_MS;
  const forget = (nowMs: number) => {
    for (const [name, { tokens, at }] of buckets) if (tokens + (nowMs - at) * perMs >= perMinute) buckets.delete(name);
  };
  return (name, nowMs) => {
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      if (buckets.size >= LOGINS_MAX) forget(nowMs);
      bucket = { tokens: perMinute, at: nowMs };
      buckets.set(name, bucket);
    }
    const tokens = Math.min(perMinute, bucket.tokens + (nowMs - bucket.at) * perMs) - 1;
    bucket.at = nowMs;
    bucket.tokens = tokens < 0 ? tokens + 1 : tokens; // A refused request takes nothing.
    return {
      limit: perMinute,
      remaining: tokens,
      resetSeconds: Math.ceil((perMinute - bucket.tokens) / perMs / 1_000),
    };
  };
}
