/** An endpoint as one system has it: its address, its trust, and how a request to it is made. */
import { randomUUID } from 'node:crypto';

import type { Json, Values } from '#core/field.ts';
import type { Call, Order, SystemSettings } from '#systems/system.ts';
import type { ApsVerb } from '#core/systems/aps-state.ts';

import { type Answer, readAnswer } from './answer.ts';
import { type Clean, makeCleaner } from './foreign-text.ts';
import { makeNonce, signOauth } from './oauth.ts';
import { type ApsAgent, type ApsReply, type ApsRequest, type ApsTls, makeAgent, sendAps } from './request.ts';

export interface Endpoint {
  readonly settings: Values;
  readonly instanceId: string;
  readonly clean: Clean;
  /** What is missing before anything can be sent; null: nothing. */
  readonly missing: string | null;
  send(asked: Asked, call: Pick<Call, 'signal' | 'timeoutMs'>): Promise<ApsReply>;
  close(): void;
}

export interface Asked {
  readonly method: ApsRequest['method'];
  /** Relative to the base address, without a slash before it. */
  readonly path: string;
  readonly body: Json | undefined;
  readonly phase: 'sync' | 'async';
  /** UUIDs of the request, and of what it is a part of. */
  readonly id: string;
  readonly transactionId: string;
}

const METHOD: Readonly<Record<ApsVerb, ApsRequest['method']>> = {
  provision: 'POST',
  configure: 'PUT',
  disable: 'PUT',
  enable: 'PUT',
  unprovision: 'DELETE',
};

export function makeEndpoint(
  { settings, secrets }: Pick<SystemSettings, 'settings' | 'secrets'>,
  tls?: ApsTls,
): Endpoint {
  const base = baseOf(settings['url']);
  const publicBase = settings['publicUrl'] == null ? base : baseOf(settings['publicUrl']);
  const isOauth = settings['trust'] === 'oauth';
  const [key, secret] = [textOf(secrets['oauthKey']), textOf(secrets['oauthSecret'])];
  const instanceId = String(settings['instanceId']);
  const agent: ApsAgent = makeAgent(base, tls ?? tlsOf(settings, secrets));
  const isTrusted = isOauth ? key !== null && secret !== null : textOf(secrets['controllerKey']) !== null;
  return {
    settings,
    instanceId,
    clean: makeCleaner(secrets),
    missing: isTrusted
      ? null
      : isOauth
        ? 'The system has no OAuth key and secret.'
        : 'The certificates were not handed over to the endpoint yet.',
    send(asked, { signal, timeoutMs }) {
      const { method, path, body, phase, id, transactionId } = asked;
      const headers: Record<string, string> = {
        Accept: 'application/json',
        'APS-Controller-URI': String(settings['controllerUri']),
        'APS-Instance-ID': instanceId,
        'APS-Transaction-ID': transactionId,
        'APS-Request-ID': id,
        'APS-Request-Phase': phase,
        'APS-Version': '2.0',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      };
      if (isOauth && key !== null && secret !== null)
        headers['Authorization'] = signOauth(
          { method, url: new URL(path, publicBase), nowMs: Date.now(), nonce: makeNonce() },
          { key, secret },
        );
      const text = body === undefined ? null : JSON.stringify(body);
      return sendAps(agent, { method, url: new URL(path, base), headers, body: text, timeoutMs, signal });
    },
    close: () => agent.destroy(),
  };
}

function tlsOf(settings: Values, secrets: Values): ApsTls {
  return {
    certificate: textOf(secrets['controllerCertificate']),
    key: textOf(secrets['controllerKey']),
    pinned: textOf(secrets['endpointCertificate']),
    authority: textOf(settings['serverCertificate']),
  };
}

/** Where a resource is, below the base address. */
export function pathOf(verb: ApsVerb, { service, id }: { readonly service: string; readonly id: string }): string {
  if (verb === 'provision') return service;
  return `${service}/${id}${verb === 'disable' || verb === 'enable' ? `/${verb}` : ''}`;
}

/** Tells the endpoint one verb about one resource, or asks how it goes on. */
export async function tell(
  endpoint: Endpoint,
  verb: ApsVerb,
  told: {
    readonly order: Order;
    readonly place: { readonly service: string; readonly id: string };
    readonly phase: Asked['phase'];
    readonly id: string;
  },
  call: Pick<Call, 'signal' | 'timeoutMs'>,
): Promise<Answer> {
  const { order, place, phase } = told;
  const reply = await endpoint.send(
    {
      method: METHOD[verb],
      path: pathOf(verb, place),
      body: bodyOf(verb, order.values, place.id),
      phase,
      // A poll is a request of its own: a repeated id would be given the first answer again.
      id: phase === 'sync' ? told.id : randomUUID(),
      transactionId: order.requestId,
    },
    call,
  );
  return readAnswer(verb, reply, { clean: endpoint.clean, instanceId: endpoint.instanceId, nowMs: Date.now() });
}

/** An empty body is an error with some peers, so that operations without parameters carry an empty object. */
function bodyOf(verb: ApsVerb, values: Values, id: string): Json | undefined {
  if (verb === 'unprovision') return undefined;
  if (verb === 'disable' || verb === 'enable') return {};
  const properties = values['properties'];
  const own = typeof properties === 'object' && properties !== null && !Array.isArray(properties) ? properties : {};
  return {
    ...(own as { readonly [name: string]: Json }), // Neither a list nor null.
    // Last, so that no property takes its place.
    aps: {
      id,
      ...given('type', values['apsType']),
      status: verb === 'provision' ? 'aps:provisioning' : statusOf(values['apsStatus']),
      ...given('revision', values['apsRevision']),
      ...given('modified', values['apsModified']),
      ...given('subscription', values['subscription']),
    },
  };
}

/** Only what is ready is configured: a status of the application's own stays, and any of the controller's is `aps:ready`. */
function statusOf(status: Json | undefined): string {
  return typeof status === 'string' && status !== '' && !status.startsWith('aps:') ? status : 'aps:ready';
}

function given(name: string, value: Json | undefined): { readonly [name: string]: Json } {
  return value === undefined || value === null || value === '' ? {} : { [name]: value };
}

function baseOf(url: Json | undefined): URL {
  const base = new URL(String(url));
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
