/**
 * Hands the certificates of an instance over to an endpoint that trusts by x509, or replaces them.
 *
 * They are sent once, in a POST to the root service, over a line whose server is known. What the endpoint answers is never
 * shown: peers echo the whole resource with the private key in it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

import type { Values } from '#core/field.ts';
import { SystemFailure } from '#systems/http-call.ts';
import type { SystemSettings } from '#systems/system.ts';

import { readAnswer } from './answer.ts';
import { fingerprintOf, makeKeyPair } from './certificate.ts';
import { makeEndpoint } from './endpoint.ts';
import type { ApsTls } from './request.ts';

export interface HandOverOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** SHA-256 of the server's certificate, as a person has compared it, where no authority vouches for it. */
  readonly fingerprint?: string | undefined;
}

export interface HandedOver {
  /** All credentials of the system, to be stored in place of those that it had. */
  readonly secrets: Values;
  /** Of the certificate that the server showed, and by which it is known from now on. */
  readonly fingerprint: string;
  /** Whether the endpoint had certificates before. Those stay valid there for an hour. */
  readonly isRotation: boolean;
}

/** How often an endpoint is asked that goes on working; somebody waits for the result. */
const POLLS_MAX = 20;
const POLL_MAX_MS = 5_000;

/**
 * Makes two pairs, sends them, and answers what is to be stored. With certificates that were handed over before, the same
 * request replaces them, and is made with the current ones. Saying it again after a failure does no harm: the pair that is
 * stored stays good until the endpoint has the next one, and for an hour after. Throws `SystemFailure`.
 */
export async function handOver(system: SystemSettings, options: HandOverOptions): Promise<HandedOver> {
  const { settings, secrets } = system;
  if (settings['trust'] !== 'x509')
    throw new SystemFailure(
      `${system.name} trusts by ${String(settings['trust'])}: there is nothing to hand over`,
      'never',
    );
  const server = await knowServer(system, options);
  const instanceId = String(settings['instanceId']);
  const nowMs = Date.now();
  const controller = await makeKeyPair(`controller of ${instanceId}`, nowMs);
  const instance = await makeKeyPair(instanceId, nowMs);
  const [certificate, key] = [textOf(secrets['controllerCertificate']), textOf(secrets['controllerKey'])];
  const isRotation = certificate !== null && key !== null;
  const tls: ApsTls = { certificate, key, pinned: server, authority: null };
  await post(system, tls, `${instance.certificate}${instance.key}`, controller.certificate, options);
  return {
    secrets: {
      ...secrets,
      controllerCertificate: controller.certificate,
      controllerKey: controller.key,
      // Its key is the endpoint's alone, and is forgotten here.
      instanceCertificate: instance.certificate,
      endpointCertificate: server,
    },
    fingerprint: fingerprintOf(server),
    isRotation,
  };
}

async function post(
  system: SystemSettings,
  tls: ApsTls,
  self: string,
  controller: string,
  { signal, timeoutMs }: HandOverOptions,
): Promise<void> {
  const { settings } = system;
  const endpoint = makeEndpoint(system, tls);
  const path = String(settings['rootService']);
  const id = String(settings['instanceId']);
  const body = {
    aps: { type: String(settings['rootType']), id, status: 'aps:provisioning', x509: { self, controller } },
  };
  const asked = { method: 'POST', path, body, id: randomUUID(), transactionId: randomUUID() } as const;
  try {
    for (let poll = 0; poll <= POLLS_MAX; poll += 1) {
      const reply = await endpoint.send({ ...asked, phase: poll === 0 ? 'sync' : 'async' }, { signal, timeoutMs });
      // Whatever it says may hold the key that we sent: only the number is shown.
      const answer = readAnswer('provision', reply, { clean: () => '(not shown)', instanceId: id, nowMs: Date.now() });
      if (answer.type === 'done') return;
      if (answer.type === 'lost') throw new SystemFailure(`${answer.detail} Say it again.`, 'later');
      if (answer.type === 'already')
        throw new SystemFailure(`${answer.otherwise.detail} Its files may be of another controller.`, 'never');
      if (answer.type === 'failed') throw new SystemFailure(answer.detail, answer.again);
      await sleep(Math.min(answer.afterMs, POLL_MAX_MS), undefined, { signal });
    }
    throw new SystemFailure(`${system.name} still works on it. Say it again later.`, 'later');
  } finally {
    endpoint.close();
  }
}

/**
 * The certificate of the server, as PEM, once it is known to be the right one: the one agreed before, one that an authority or
 * the settings vouch for, or one with the fingerprint that a person has given.
 */
async function knowServer({ settings, secrets }: SystemSettings, options: HandOverOptions): Promise<string> {
  const url = new URL(String(settings['url']));
  const shown = await lookAtServer(url, textOf(settings['serverCertificate']), options);
  const fingerprint = fingerprintOf(shown.certificate);
  const pinned = textOf(secrets['endpointCertificate']);
  const isPinned = pinned !== null && fingerprintOf(pinned) === fingerprint;
  const isCompared = options.fingerprint !== undefined && normal(options.fingerprint) === normal(fingerprint);
  if (options.fingerprint !== undefined && !isCompared)
    throw new SystemFailure(
      `${url.origin} shows a certificate with the fingerprint ${fingerprint}, which is another`,
      'never',
    );
  if (!isPinned && !isCompared && !shown.isVouchedFor)
    throw new SystemFailure(
      `${url.origin} shows a certificate that nobody vouches for, with the fingerprint ${fingerprint}: compare it there, and give it`,
      'never',
    );
  return shown.certificate;
}

/** Only shakes hands; nothing is sent. */
function lookAtServer(
  url: URL,
  authority: string | null,
  { signal, timeoutMs }: HandOverOptions,
): Promise<{ readonly certificate: string; readonly isVouchedFor: boolean }> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      socket.destroy();
      reject(new SystemFailure(`${url.origin} cannot be reached (${reason})`, 'later'));
    };
    const socket = connect({
      host,
      port: Number(url.port === '' ? 443 : url.port),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ...(authority === null ? {} : { ca: authority, allowPartialTrustChain: true }),
      // Judged by whoever asked: nothing is sent over this line.
      rejectUnauthorized: false,
    });
    const all = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    all.addEventListener('abort', () => fail('no answer in time'), { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      const isVouchedFor = socket.authorized;
      socket.destroy();
      if (certificate === undefined) return fail('it shows no certificate');
      resolve({ certificate: certificate.toString(), isVouchedFor });
    });
  });
}

function normal(fingerprint: string): string {
  return fingerprint.replaceAll(/[^0-9A-Fa-f]/g, '').toUpperCase();
}

function textOf(value: Values[string] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
