/**
 * A carrier with a stock of numbers, in either dialect. It sells a number once, and counts what it really did.
 *
 * For tests and benches; nothing of the program imports it.
 */
import { randomBytes } from 'node:crypto';

import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';

export interface Held {
  readonly number: string;
  readonly reference: string;
  readonly requestId: string | null;
  friendlyName: string;
  isReleasing: boolean;
}

export interface CarrierKnobs {
  /** Whether it remembers idempotency keys; of the generic dialect. */
  honoursKeys: boolean;
  /** It answers a release with 202, and does it when `finishReleases` is called. */
  releasesLater: boolean;
  /** It refuses to release these numbers, since they are being ported. */
  readonly porting: Set<string>;
}

export interface CarrierSimulator extends Simulator {
  readonly carrier: CarrierKnobs;
  /** What can be bought. */
  readonly stock: Set<string>;
  /** What is ours, by reference. */
  readonly held: Map<string, Held>;
  /** How often each number was sold, and taken back. */
  readonly bought: Map<string, number>;
  readonly released: Map<string, number>;
  /** Gives a number to the operator as if it had been bought by hand; answers its reference. */
  give(number: string): string;
  finishReleases(): void;
}

export const SIMULATED_TOKEN = 'the token of the carrier';
export const SIMULATED_ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;

interface World {
  readonly stock: Set<string>;
  readonly held: Map<string, Held>;
  readonly knobs: CarrierKnobs;
  sell(number: string, requestId: string | null, friendlyName: string): Held | null;
  takeBack(held: Held): void;
}

/** Starts a carrier on a free port. */
export async function startCarrier(
  dialect: 'generic' | 'twilio',
  stock: Iterable<string>,
  knobs: Partial<Knobs> = {},
): Promise<CarrierSimulator> {
  const bought = new Map<string, number>();
  const released = new Map<string, number>();
  const count = (counts: Map<string, number>, number: string) => counts.set(number, (counts.get(number) ?? 0) + 1);
  const world: World = {
    stock: new Set(stock),
    held: new Map(),
    knobs: { honoursKeys: true, releasesLater: false, porting: new Set() },
    sell(number, requestId, friendlyName) {
      if (!world.stock.delete(number)) return null;
      count(bought, number);
      const reference = `PN${randomBytes(16).toString('hex')}`;
      const held: Held = { number, reference, requestId, friendlyName, isReleasing: false };
      world.held.set(reference, held);
      return held;
    },
    takeBack(held) {
      world.held.delete(held.reference);
      world.stock.add(held.number);
      count(released, held.number);
    },
  };
  const simulator = await startSimulator(dialect === 'generic' ? generic(world) : twilio(world), { knobs });
  return Object.create(simulator, {
    carrier: { value: world.knobs },
    stock: { value: world.stock },
    held: { value: world.held },
    bought: { value: bought },
    released: { value: released },
    give: {
      value: (number: string) => {
        const reference = `PN${randomBytes(16).toString('hex')}`;
        const held: Held = { number, reference, requestId: null, friendlyName: number, isReleasing: false };
        world.held.set(reference, held);
        return reference;
      },
    },
    finishReleases: {
      value: () => {
        for (const held of world.held.values()) if (held.isReleasing) world.takeBack(held);
      },
    },
  }) as CarrierSimulator; // What is added here.
}

function generic(world: World): (asked: Asked) => Replied {
  const sold = new Map<string, Held>();
  const error = (status: number, code: string): Replied => ({ status, body: { error: { code, message: code } } });
  const shown = ({ reference, number, requestId, isReleasing }: Held) => ({
    reference,
    number,
    requestId,
    capabilities: ['voice', 'sms'],
    ...(isReleasing ? { releasing: true } : {}),
  });
  return ({ method, url, headers, body }) => {
    if (headers.authorization !== `Bearer ${SIMULATED_TOKEN}`) return error(401, 'unauthenticated');
    const [, room, reference] = url.pathname.split('/').map(decodeURIComponent);
    if (method === 'GET' && room === 'available-numbers') {
      const prefix = url.searchParams.get('areaCode') ?? '';
      const contains = url.searchParams.get('contains') ?? '';
      const limit = Math.min(Number(url.searchParams.get('limit') ?? 50), PAGE_MAX);
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const fitting = [...world.stock]
        .sort()
        .filter((one) => one.slice(3).startsWith(prefix) && one.includes(contains));
      const page = fitting.slice(from, from + limit);
      return {
        status: 200,
        body: {
          numbers: page.map((number) => ({
            number,
            country: url.searchParams.get('country'),
            capabilities: ['voice'],
            monthlyCost: { amount: '1.00', currency: 'EUR' },
          })),
          next: from + limit < fitting.length ? String(from + limit) : null,
        },
      };
    }
    if (room !== 'numbers') return error(404, 'not_found');
    if (method === 'GET' && reference === undefined) {
      const number = url.searchParams.get('number');
      const numbers = [...world.held.values()].filter((one) => one.number === number).map(shown);
      return { status: 200, body: { numbers, next: null } };
    }
    if (method === 'POST') {
      const { number, requestId } = JSON.parse(body) as { number: string; requestId: string };
      const known = sold.get(requestId);
      if (world.knobs.honoursKeys && known !== undefined) return { status: 200, body: shown(known) };
      const held = world.sell(number, requestId, number);
      if (held === null) return error(409, 'not_available');
      sold.set(requestId, held);
      return { status: 201, body: shown(held) };
    }
    const held = world.held.get(reference ?? '');
    if (held === undefined) return error(404, 'not_found');
    if (method === 'GET') return { status: 200, body: shown(held) };
    if (world.knobs.porting.has(held.number)) return error(409, 'port_out_pending');
    if (world.knobs.releasesLater) {
      held.isReleasing = true;
      return { status: 202, body: shown(held) };
    }
    world.takeBack(held);
    return { status: 204 };
  };
}

/** As many as one page of the simulated carrier has. */
const PAGE_MAX = 3;

function twilio(world: World): (asked: Asked) => Replied {
  const error = (status: number, code: number, message: string): Replied => ({
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  });
  const base = `/2010-04-01/Accounts/${SIMULATED_ACCOUNT}`;
  const shown = ({ reference, number, friendlyName }: Held) => ({
    sid: reference,
    account_sid: SIMULATED_ACCOUNT,
    phone_number: number,
    friendly_name: friendlyName,
    capabilities: { voice: true, sms: true, mms: false, fax: false },
    uri: `${base}/IncomingPhoneNumbers/${reference}.json`,
  });
  const authorization = `Basic ${Buffer.from(`${SIMULATED_ACCOUNT}:${SIMULATED_TOKEN}`).toString('base64')}`;
  return ({ method, url, headers, body }) => {
    if (headers.authorization !== authorization) return error(401, 20003, 'Authenticate');
    if (!url.pathname.startsWith(base))
      return error(404, 20404, `The requested resource ${url.pathname} was not found`);
    const path = url.pathname.slice(base.length);
    const offered = /^\/AvailablePhoneNumbers\/([A-Z]{2})\/(Local|Mobile|TollFree)\.json$/.exec(path);
    if (offered !== null && method === 'GET') {
      const wanted = url.searchParams.get('AreaCode') ?? url.searchParams.get('Contains') ?? '';
      const numbers = [...world.stock].sort().filter((one) => one.includes(wanted));
      const size = Number(url.searchParams.get('PageSize') ?? 50);
      return {
        status: 200,
        body: {
          uri: url.pathname,
          available_phone_numbers: numbers.slice(0, size).map((number) => ({
            friendly_name: number,
            phone_number: number,
            lata: null,
            locality: 'Hilo',
            rate_center: null,
            latitude: null,
            longitude: null,
            region: 'HI',
            postal_code: null,
            iso_country: offered[1],
            address_requirements: 'none',
            beta: false,
            capabilities: { voice: true, SMS: true, MMS: false, fax: false },
          })),
        },
      };
    }
    if (path === '/IncomingPhoneNumbers.json' && method === 'GET') {
      const part = url.searchParams.get('PhoneNumber') ?? '';
      const numbers = [...world.held.values()].filter(({ number }) => number.includes(part)).map(shown);
      return { status: 200, body: { incoming_phone_numbers: numbers, page: 0, page_size: 50, next_page_uri: null } };
    }
    if (path === '/IncomingPhoneNumbers.json' && method === 'POST') {
      const form = new URLSearchParams(body);
      const number = form.get('PhoneNumber') ?? '';
      const held = world.sell(number, null, form.get('FriendlyName') ?? number);
      return held === null ? error(400, 21422, `${number} is not available.`) : { status: 201, body: shown(held) };
    }
    const held = world.held.get(/^\/IncomingPhoneNumbers\/(\w+)\.json$/.exec(path)?.[1] ?? '');
    if (held === undefined) return error(404, 20404, `The requested resource ${url.pathname} was not found`);
    if (method === 'GET') return { status: 200, body: shown(held) };
    if (method !== 'DELETE') return error(405, 20004, 'Method not allowed');
    world.takeBack(held);
    return { status: 204 };
  };
}
