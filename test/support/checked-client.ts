/**
 * A client of the native face for tests: each answer is held against the schema that the document names for it, and
 * the routes that were used are counted.
 */
import assert from 'node:assert/strict';

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { TOKEN } from './installation.ts';

import * as creditSchemas from '#faces/native/credit-schemas.ts';
import * as entitySchemas from '#faces/native/entity-schemas.ts';
import * as eventSchemas from '#faces/native/event-schemas.ts';
import * as gatewaySchemas from '#faces/native/gateway-schemas.ts';
import * as identitySchemas from '#faces/native/identity-schemas.ts';
import * as numberSchemas from '#faces/native/number-schemas.ts';
import * as observationSchemas from '#faces/native/observation-schemas.ts';
import * as recordSchemas from '#faces/native/record-schemas.ts';
import * as schemas from '#faces/native/schemas.ts';
import * as planSchemas from '#faces/native/plan-schemas.ts';
import * as systemSchemas from '#faces/native/system-schemas.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>> }>
  >;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
  readonly text: string;
  // Tests look into answers whose shape was checked just before.
  readonly body: Body;
}

export type Body = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly number: number;
  readonly items: readonly Body[];
  readonly next: string | null;
};

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
}

const pageOf = (item: z.ZodType) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable(), total: z.number().int().nullable() });

/** The schemas by the names that the document has for them. */
const BY_NAME = new Map<string, z.ZodType>([
  ...Object.values({
    ...creditSchemas,
    ...entitySchemas,
    ...gatewaySchemas,
    ...identitySchemas,
    ...eventSchemas,
    ...numberSchemas,
    ...observationSchemas,
    ...recordSchemas,
    ...planSchemas,
    ...systemSchemas,
    ...schemas,
  })
    .filter((value) => value instanceof z.ZodType)
    .flatMap((schema): [string, z.ZodType][] => {
      const id = schema.meta()?.id;
      return id === undefined ? [] : [[id, schema]];
    }),
  ['EntityPage', pageOf(entitySchemas.entity)],
  ['LoginPage', pageOf(identitySchemas.login)],
  ['KeyPage', pageOf(identitySchemas.key)],
  ['RolePage', pageOf(identitySchemas.role)],
  ['SessionPage', pageOf(identitySchemas.session)],
  ['DeliveryPage', pageOf(eventSchemas.delivery)],
  ['ObservationPage', pageOf(observationSchemas.observation)],
  ['RecordPage', pageOf(recordSchemas.record)],
  ['SystemPage', pageOf(systemSchemas.system)],
  ['SystemKindPage', pageOf(systemSchemas.systemKind)],
  ['TargetPage', pageOf(systemSchemas.target)],
  ['TargetOfEntityPage', pageOf(systemSchemas.targetOfEntity)],
  ['HoldPage', pageOf(schemas.hold)],
  ['ProfilePage', pageOf(schemas.profile)],
]);

export class CheckedClient {
  readonly #app: FastifyInstance;
  readonly #document: OpenApi;
  readonly used = new Set<string>();

  private constructor(app: FastifyInstance, document: OpenApi) {
    this.#app = app;
    this.#document = document;
  }

  static async of(app: FastifyInstance): Promise<CheckedClient> {
    const response = await app.inject('/docs/json');
    return new CheckedClient(app, response.json());
  }

  /** Every route of the document, as `GET /v1/entities/{id}`. */
  get routes(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  async call(
    method: Method,
    url: string,
    payload?: object,
    { headers = {}, token = TOKEN }: CallOptions = {},
  ): Promise<Answer> {
    const response = await this.#app.inject({
      method,
      url,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    const type = String(response.headers['content-type']);
    const body = /json\b/.test(type) && !type.includes('ndjson') ? response.json<Body>() : ({} as Body); // Nobody looks into it then.
    this.#check(method, url, response.statusCode, type, body);
    return { status: response.statusCode, headers: response.headers, text: response.body, body };
  }

  /** The same for a call that must go well. */
  async done(method: Method, url: string, payload?: object, options?: CallOptions): Promise<Body> {
    const { status, text, body } = await this.call(method, url, payload, options);
    assert.ok(status < 300, `${method} ${url}: ${status} ${text}`);
    return body;
  }

  #check(method: Method, url: string, status: number, type: string, body: unknown): void {
    const path = url.split('?')[0] ?? '';
    const template = Object.keys(this.#document.paths).find(
      (candidate) =>
        new RegExp(`^${candidate.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path) &&
        this.#document.paths[candidate]?.[method.toLowerCase()] !== undefined,
    );
    if (template === undefined) return;
    if (status < 300) this.used.add(`${method} ${template}`);
    const responses = this.#document.paths[template]?.[method.toLowerCase()]?.responses ?? {};
    if (status >= 400) {
      assert.match(type, /^application\/problem\+json\b/);
      schemas.problem.parse(body);
      return;
    }
    const content = Object.values(responses[String(status)]?.content ?? {});
    if (type.includes('ndjson') || type.startsWith('text/xml')) return;
    const name =
      content[0]?.schema.$ref?.split('/').at(-1) ??
      assert.fail(`${method} ${template} does not say what ${status} answers`);
    const schema = BY_NAME.get(name) ?? assert.fail(`there is no schema ${name}`);
    const result = schema.safeParse(body);
    assert.ok(result.success, `${method} ${url} is no ${name}: ${result.error?.message} ${JSON.stringify(body)}`);
  }
}
