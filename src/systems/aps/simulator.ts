/**
 * An APS endpoint with the habits of real ones: it disables and enables, at once or by and by, says "already" with 409,
 * hides errors in a 200, knows nothing of GET, and looks at certificates byte for byte or at OAuth signatures.
 *
 * For tests and benches; nothing of the program imports it.
 */
import { X509Certificate, createHmac, timingSafeEqual } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';

import OAuth from 'oauth-1.0a';

import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '../simulator.ts';

export interface Habits {
  /** How often it must be polled before a change is made; 0: it is made at once. */
  polls: number;
  /** What happens at the last poll. */
  ends: 'done' | 'failed';
  /** Its `APS-Retry-Timeout` and `APS-Info`; null: left out. */
  retryTimeout: string | null;
  info: string | null;
  /** A poll for what is done already is answered 409, as a call is. */
  forgetsPolls: boolean;
  /** Errors are answered 200 with the code in the body. */
  hidesErrors: boolean;
  /** Unknown resources are answered 204, and else 404. */
  shrugs: boolean;
  /** It answers GET on a resource. */
  canRead: boolean;
  /** Value of `APS-Transient-Error` on each error; null: left out. */
  transientError: string | null;
  /** Answers instead of acting, by the id of a resource. */
  readonly instead: Map<string, Replied>;
}

export interface SimulatedResource {
  status: string;
  properties: Record<string, unknown>;
  /** What took effect, in order: a verb each. */
  readonly effects: string[];
}

export interface ApsSimulator extends Simulator {
  readonly habits: Habits;
  readonly resources: Map<string, SimulatedResource>;
  /** Certificates by instance, the newest last; DER. */
  readonly certificates: Map<string, Buffer[]>;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly headers: Asked['headers'];
    readonly body: string;
  }[];
}

type Trust =
  | { readonly type: 'none' }
  | { readonly type: 'x509'; readonly tls: ServerOptions }
  | { readonly type: 'oauth'; readonly keys: ReadonlyMap<string, string>; readonly instanceId: string };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CLOCK_S = 600;

export async function startApsSimulator(
  trust: Trust,
  options: { readonly knobs?: Partial<Knobs>; readonly habits?: Partial<Habits>; readonly publicOrigin?: string } = {},
): Promise<ApsSimulator> {
  const habits: Habits = {
    polls: 0,
    ends: 'done',
    retryTimeout: '1',
    info: null,
    forgetsPolls: false,
    hidesErrors: false,
    shrugs: false,
    canRead: false,
    transientError: null,
    instead: new Map(),
    ...options.habits,
  };
  const resources = new Map<string, SimulatedResource>();
  const certificates = new Map<string, Buffer[]>();
  const requests: { method: string; path: string; headers: Asked['headers']; body: string }[] = [];
  const running = new Map<string, { readonly verb: string; left: number }>();

  const error = (code: number, name: string, message: string): Replied => ({
    status: habits.hidesErrors ? 200 : code,
    headers: habits.transientError === null ? {} : { 'aps-transient-error': habits.transientError },
    body: { code, error: name, type: name, message },
  });

  const refusal = (asked: Asked): Replied | null => {
    const instance = String(asked.headers['aps-instance-id'] ?? '');
    for (const name of ['aps-controller-uri', 'aps-instance-id', 'aps-transaction-id', 'aps-request-phase'])
      if (asked.headers[name] === undefined) return error(400, 'BadRequest', `${name} is missing`);
    const controller = String(asked.headers['aps-controller-uri']);
    if (controller !== `${new URL(controller).origin}/`)
      return error(400, 'BadRequest', 'aps-controller-uri is no origin');
    if (!UUID.test(instance)) return error(400, 'BadRequest', 'aps-instance-id is no UUID');
    if (trust.type === 'x509') {
      const known = certificates.get(instance);
      const { socket } = asked.request;
      const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
      const isHandOver = asked.method === 'POST' && asked.url.pathname === '/ext/app';
      if (known === undefined) return isHandOver ? null : error(403, 'Forbidden', 'unknown instance');
      if (shown === undefined || !known.some((one) => one.equals(shown)))
        return error(403, 'Forbidden', 'wrong certificate');
    }
    if (trust.type === 'oauth') {
      const origin = options.publicOrigin ?? simulator.origin;
      const wrong = judgeOauth(asked, `${origin}${asked.url.pathname}`, trust.keys);
      if (wrong !== null) return error(401, 'Unauthorized', wrong);
      if (instance !== trust.instanceId) return error(403, 'Forbidden', 'unknown instance');
    }
    return null;
  };

  const makeInstance = (asked: Asked): Replied => {
    const body = JSON.parse(asked.body) as { aps: { id: string; x509: { self: string; controller: string } } };
    const { self, controller } = body.aps.x509;
    // As peers do it: the key begins at this very line.
    if (!self.includes('-----BEGIN RSA PRIVATE KEY-----')) return error(500, 'Exception', 'no key in self');
    certificates.set(body.aps.id, [...(certificates.get(body.aps.id) ?? []), new X509Certificate(controller).raw]);
    return { status: 201, body };
  };

  const change = (resource: SimulatedResource, verb: string, asked: Asked): Replied => {
    if (verb === 'disable' && resource.status === 'aps:disabled') return error(409, 'AlreadyDisabled', 'is disabled');
    if (verb === 'enable' && resource.status !== 'aps:disabled') return error(409, 'AlreadyReady', 'is ready');
    if (verb === 'configure') {
      if (resource.status === 'aps:disabled') return error(409, 'Suspended', 'resume first');
      const { aps: _aps, ...properties } = JSON.parse(asked.body) as Record<string, unknown>;
      resource.properties = properties;
    }
    if (verb !== 'configure') resource.status = verb === 'disable' ? 'aps:disabled' : 'aps:ready';
    resource.effects.push(verb);
    return { status: 200, body: {} };
  };

  const act = (asked: Asked): Replied => {
    requests.push({ method: asked.method, path: asked.url.pathname, headers: asked.headers, body: asked.body });
    const refused = refusal(asked);
    if (refused !== null) return refused;
    const [, base, service, id, operation] = asked.url.pathname.split('/');
    if (base !== 'ext') return error(404, 'NotFound', 'no such endpoint');
    if ((asked.method === 'PUT' || asked.method === 'POST') && asked.body === '')
      return error(500, 'Exception', 'empty body');
    if (asked.method === 'POST' && service === 'app') return makeInstance(asked);
    if (asked.method === 'POST' && id === undefined) {
      const { aps, ...properties } = JSON.parse(asked.body) as { aps: { id: string } };
      if (resources.has(aps.id)) return error(409, 'Exists', 'exists');
      resources.set(aps.id, { status: 'aps:ready', properties, effects: ['provision'] });
      return { status: 201, body: { aps } };
    }
    if (id === undefined || !UUID.test(id)) return error(400, 'BadRequest', 'bad id');
    const special = habits.instead.get(id);
    if (special !== undefined) return special;
    const resource = resources.get(id);
    if (resource === undefined) return habits.shrugs ? { status: 204 } : error(404, 'NotFound', 'no such resource');
    if (asked.method === 'GET') {
      if (!habits.canRead) return error(500, 'Exception', 'not implemented');
      return { status: 200, body: { aps: { id, status: resource.status }, ...resource.properties } };
    }
    if (asked.method === 'DELETE') {
      if (resource.status === 'aps:disabled') return error(409, 'Suspended', 'switch it on first');
      resources.delete(id);
      return { status: 204 };
    }
    return slowly(id, resource, operation ?? 'configure', asked);
  };

  const slowly = (id: string, resource: SimulatedResource, verb: string, asked: Asked): Replied => {
    const isPoll = asked.headers['aps-request-phase'] === 'async';
    const other = running.get(id);
    if (other !== undefined && other.verb !== verb) {
      // The vendor goes on with it, whether anybody asks or not.
      other.left -= 1;
      if (other.left > 0) return error(409, 'Busy', 'another operation is running');
      running.delete(id);
      if (habits.ends === 'done') change(resource, other.verb, asked);
    }
    const task = running.get(id);
    if (task === undefined && isPoll && !habits.forgetsPolls) {
      const isDone = verb !== 'configure' && (resource.status === 'aps:disabled') === (verb === 'disable');
      if (isDone) return { status: 200, body: {} };
    }
    if (habits.polls === 0 && task === undefined) return change(resource, verb, asked);
    const left = task === undefined ? habits.polls : task.left - (isPoll ? 1 : 0);
    if (left > 0) {
      running.set(id, { verb, left });
      const headers = {
        ...(habits.retryTimeout === null ? {} : { 'APS-Retry-Timeout': habits.retryTimeout }),
        ...(habits.info === null ? {} : { 'APS-Info': habits.info }),
      };
      return { status: 202, headers, body: {} };
    }
    running.delete(id);
    return habits.ends === 'failed' ? error(500, 'Exception', 'the vendor said no') : change(resource, verb, asked);
  };

  const simulator = await startSimulator(act, {
    ...(options.knobs === undefined ? {} : { knobs: options.knobs }),
    ...(trust.type === 'x509' ? { tls: { ...trust.tls, requestCert: true, rejectUnauthorized: false } } : {}),
  });
  return Object.assign(simulator, { habits, resources, certificates, requests });
}

/** A sentence on what is wrong with a signature; null when it is right. The base string is that of the package `oauth-1.0a`. */
function judgeOauth(asked: Asked, url: string, keys: ReadonlyMap<string, string>): string | null {
  const header = asked.headers['authorization'] ?? '';
  // As one peer does it: quoted, and followed by a comma.
  const key = /oauth_consumer_key="([A-Za-z0-9]{24})",/.exec(header)?.[1] ?? '';
  const secret = keys.get(key);
  if (secret === undefined) return 'unknown key';
  const given = Object.fromEntries(
    [...header.matchAll(/(oauth_[a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [
      name,
      decodeURIComponent(value ?? ''),
    ]),
  );
  const { oauth_signature: signature = '', ...data } = given;
  if (!/^[A-Za-z0-9]{16,50}$/.test(data['oauth_nonce'] ?? '')) return 'bad nonce';
  if (!/^\d{10}$/.test(data['oauth_timestamp'] ?? '')) return 'bad timestamp';
  if (Math.abs(Number(data['oauth_timestamp']) - Date.now() / 1000) > CLOCK_S) return 'clock is off';
  const library = new OAuth({
    consumer: { key, secret },
    signature_method: 'HMAC-SHA1',
    hash_function: (base, signing) => createHmac('sha1', signing).update(base).digest('base64'),
  });
  const wanted = Buffer.from(library.getSignature({ url, method: asked.method }, '', data as unknown as OAuth.Data)); // Its members are those.
  const shown = Buffer.from(signature);
  return wanted.length === shown.length && timingSafeEqual(wanted, shown) ? null : 'wrong signature';
}
