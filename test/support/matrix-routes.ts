/**
 * The rows of the permission matrix: every route with a request for it, and how far the request may come.
 *
 * A request changes nothing that another one meets. Where it is let through, it asks for what changes nothing, uses up a
 * thing made for it alone, or is refused for what is judged after the right: that code stands in `meets`.
 */
import type { ProblemCode } from '#core/problem.ts';

import type { Caller, HoldName } from './matrix-world.ts';
import type { Answer } from './people.ts';

export interface MatrixRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly payload?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface MatrixRow {
  /** As the router knows it, such as `GET /v1/entities/:id`. */
  readonly route: string;
  /** The operations that the request shows, one line of the matrix each. */
  readonly names: readonly string[];
  readonly ask: (caller: Caller) => MatrixRequest;
  /** The outcome for each name. */
  readonly read: (answer: Answer) => readonly string[];
}

interface Shape {
  readonly payload?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Beginning with `?`. */
  readonly query?: string;
}

/** One operation: its route, whose parameters `at` tells, the code that it meets when it is let through, and the rest. */
function row(
  route: string,
  name: string,
  at: (caller: Caller) => Readonly<Record<string, string>>,
  meets: ProblemCode | null = null,
  shape: Shape | ((caller: Caller) => Shape) = {},
): MatrixRow {
  const [method = '', path = ''] = route.split(' ');
  return {
    route,
    names: [name],
    ask: (caller) => {
      const { query = '', ...rest } = typeof shape === 'function' ? shape(caller) : shape;
      const parameters = at(caller);
      const url = path.replace(/:(\w+)/g, (_, parameter: string) => encodeURIComponent(parameters[parameter] ?? ''));
      return { method: method as MatrixRequest['method'], url: `${url}${query}`, ...rest }; // Written so in the rows.
    },
    read: (answer) => [outcomeOf(answer.status, answer.body['code'], meets)],
  };
}

export function outcomeOf(status: number, code: unknown, meets: ProblemCode | null = null): string {
  return status < 300 || code === meets ? 'ok' : String(code);
}

const nothing = () => ({});
/** The account, wherever the caller stands. */
const target = ({ tree }: Caller) => ({ id: tree.accounts.self });
/** The account; the leaf for the one who owns that. */
const entity = ({ tree, place }: Caller) => ({ id: place === 'owner' ? tree.leaf : tree.accounts.self });
const leaf = ({ tree }: Caller) => ({ id: tree.leaf });
const own = ({ account }: Caller) => ({ id: account });
const login = ({ tree }: Caller) => ({ login: tree.login });
/** Nothing has this version. */
const STALE = { headers: { 'if-match': '"99999"' } } as const;

const ENTITIES: readonly MatrixRow[] = [
  row('GET /v1/entities', 'list all that is seen', nothing),
  row('GET /v1/entities', 'list what lies beneath', nothing, null, (caller) => ({
    query: `?beneath=${entity(caller).id}`,
  })),
  row('GET /v1/entities', 'list what it owns', nothing, null, ({ tree }) => ({
    query: `?owner=${tree.accounts.self}`,
  })),
  row('GET /v1/entities/:id', 'read', entity),
  row('GET /v1/entities/:id/children', 'list children', entity),
  row('GET /v1/entities/:id/standing', 'read the standing', entity),
  row('GET /v1/entities/:id/explain', 'explain the standing', entity),
  row('POST /v1/accounts', 'create an account beneath', nothing, 'exists', ({ tree }) => ({
    payload: { name: 'x', parent: tree.accounts.self, reference: `ref-${tree.domainName.split('.')[0]}` },
  })),
  row('POST /v1/accounts', 'create a reseller beneath', nothing, 'exists', ({ tree }) => ({
    payload: {
      name: 'x',
      parent: tree.accounts.self,
      reseller: true,
      reference: `ref-${tree.domainName.split('.')[0]}`,
    },
  })),
  row('POST /v1/resources', 'create a resource beneath', nothing, 'exists', ({ tree }) => ({
    payload: { kind: 'sip_domain', domain: tree.domainName, parent: tree.accounts.self },
  })),
  row('PATCH /v1/entities/:id', 'change a field', entity, 'precondition_failed', ({ place }) => ({
    payload: place === 'owner' ? { callLimit: 3 } : { city: 'Delft' },
    ...STALE,
  })),
  row('PATCH /v1/entities/:id', 'change a field that is for an account above', target, 'precondition_failed', {
    payload: { accountType: 'Trial' },
    ...STALE,
  }),
  row('PATCH /v1/entities/:id', 'change a field that is for the platform', target, 'precondition_failed', {
    payload: { reseller: true },
    ...STALE,
  }),
  row('PATCH /v1/entities/:id', 'let it act as its reseller', target, 'invalid', ({ tree }) => ({
    payload: { impersonate: tree.accounts.self },
    headers: STALE.headers,
  })),
  row('POST /v1/entities/:id/move', 'move to where it is', entity, 'precondition_failed', ({ tree, place }) => ({
    payload: { parent: place === 'self' ? tree.accounts.self : tree.accounts.parent },
    ...STALE,
  })),
  row('POST /v1/entities/:id/transfer', 'transfer the leaf', leaf, 'precondition_failed', {
    payload: { owner: null },
    ...STALE,
  }),
  row('POST /v1/entities/:id/close', 'close', entity, 'precondition_failed', STALE),
];

const PROPERTIES: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/properties', 'list properties', target),
  ...(['customer', 'reseller', 'admin'] as const).map((permission) =>
    row('PATCH /v1/entities/:id/properties', `add a property of the ${permission}`, target, 'invalid', {
      payload: { properties: [{ name: 'one too many', value: '1', permission }] },
    }),
  ),
];

const lift = (hold: HoldName) =>
  row('DELETE /v1/entities/:id/holds/:holdId', `lift: ${hold}`, (caller) => ({
    ...entity(caller),
    holdId: caller.tree.holds[hold],
  }));

const HOLD_ROWS: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/holds', 'list holds', entity),
  row('POST /v1/entities/:id/holds', 'place a hold', entity, 'plan_required', {
    payload: { profile: 'suspended' },
  }),
  row('POST /v1/entities/:id/holds', 'place a hold about billing', entity, 'plan_required', {
    payload: { profile: 'suspended', subject: 'billing' },
  }),
  row('POST /v1/entities/:id/holds', 'place a hold about fraud', entity, 'plan_required', {
    payload: { profile: 'suspended', subject: 'fraud' },
  }),
  lift('platform'),
  lift('reseller'),
  lift('reseller billing'),
  lift('customer above'),
  lift('wish'),
  row('POST /v1/entities/:id/plan', 'plan a hold', entity, null, { payload: { action: 'hold', profile: 'suspended' } }),
  row('POST /v1/entities/:id/plan', 'plan to close', entity, null, { payload: { action: 'close' } }),
  row('POST /v1/entities/:id/plan', 'plan to edit a profile', () => ({ id: '0' }), null, {
    payload: { action: 'profile', name: 'limited', body: {} },
  }),
  row(
    'POST /v1/plans/:token/apply',
    'apply a plan of a hold',
    ({ tree, place }) => ({ token: place === 'owner' ? tree.plans.leaf : tree.plans.target }),
    'conflict',
  ),
];

const IDENTITIES: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/logins', 'list logins', target),
  row('GET /v1/logins/:login', 'read a login', login),
  row('POST /v1/entities/:id/logins', 'make an auditor', target, 'exists', ({ tree }) => ({
    payload: { name: `${tree.login}@matrix.example`, role: 'auditor' },
  })),
  row('POST /v1/entities/:id/logins', 'make an administrator', target, 'exists', ({ tree }) => ({
    payload: { name: `${tree.login}@matrix.example`, role: 'administrator' },
  })),
  row(
    'PATCH /v1/logins/:login',
    'change a login',
    ({ spare }) => ({ login: spare.login }),
    'exists',
    ({ tree }) => ({ payload: { name: `${tree.login}@matrix.example` } }),
  ),
  row('GET /v1/logins/:login/keys', 'list keys', login),
  row('POST /v1/logins/:login/keys', 'make a key', ({ spare }) => ({ login: spare.login }), null, {
    payload: { name: 'matrix' },
  }),
  row('DELETE /v1/keys/:key', 'remove a key', ({ spare }) => ({ key: spare.key })),
  row('DELETE /v1/logins/:login', 'remove a login', ({ spare }) => ({ login: spare.login })),
  row('GET /v1/entities/:id/roles', 'list roles', target),
  row(
    'PUT /v1/entities/:id/roles/:name',
    'change a role',
    (caller) => ({ ...target(caller), name: caller.spare.role }),
    null,
    {
      payload: { permissions: ['*:read'] },
    },
  ),
  row('DELETE /v1/entities/:id/roles/:name', 'remove a role', (caller) => ({
    ...target(caller),
    name: caller.spare.role,
  })),
  row('DELETE /v1/sessions/:session', "end another's session", ({ tree }) => ({ session: tree.session })),
];

const unlessUnknown = (answer: Answer, answers: readonly { readonly effect: string }[]): string[] => [
  answer.status < 300 && answers.every(({ effect }) => effect === 'unknown')
    ? 'unknown'
    : outcomeOf(answer.status, answer.body['code']),
];
const question = (caller: Caller) => ({ subject: entity(caller).id, action: 'call.in' });

const KNOWLEDGE: readonly MatrixRow[] = [
  {
    ...row('GET /v1/decisions', 'ask for a decision', nothing, null, (caller) => ({
      query: `?${new URLSearchParams(question(caller)).toString()}`,
    })),
    read: (answer) => unlessUnknown(answer, [answer.body as { effect: string }]), // Only looked at when it is a decision.
  },
  {
    ...row('POST /v1/decisions', 'ask for decisions', nothing, null, (caller) => ({
      payload: { questions: [question(caller)] },
    })),
    read: (answer) => unlessUnknown(answer, answer.body['answers'] ?? []),
  },
  row('GET /v1/changes', 'read all changes that are seen', nothing, null, { query: '?limit=5' }),
  row('GET /v1/changes', 'read the changes of it', nothing, null, (caller) => ({
    query: `?limit=5&entity=${entity(caller).id}`,
  })),
  row('GET /v1/export', 'export', nothing, null, (caller) => ({ query: `?root=${entity(caller).id}` })),
  row('GET /v1/export', 'export with secrets', nothing, null, (caller) => ({
    query: `?secrets=true&root=${entity(caller).id}`,
  })),
];

const INSTALLATION: readonly MatrixRow[] = [
  row('GET /v1/profiles', 'list profiles', nothing),
  row('GET /v1/profiles/:name', 'read a profile', () => ({ name: 'suspended' })),
  row('PUT /v1/profiles/:name', 'edit a profile', () => ({ name: 'once_used' }), 'invalid', {
    payload: { severity: 'none' },
  }),
  row('DELETE /v1/profiles/:name', 'remove a profile', () => ({ name: 'once_used' }), 'conflict'),
  row('GET /v1/status', 'read the status of the installation', nothing),
  row('POST /v1/verify', 'verify the installation', nothing),
];

const OWN: readonly MatrixRow[] = [
  row('GET /v1/me', 'who am I', nothing),
  row('PUT /v1/me/password', 'change the own password', nothing, 'invalid', {
    payload: { current: 'x', password: 'short' },
  }),
  row('GET /v1/sessions', 'list the own sessions', nothing),
  row('DELETE /v1/sessions/:session', 'end an own session', ({ ownSession }) => ({ session: ownSession })),
  row('GET /v1/logins/:login', 'read the own login', ({ login: id }) => ({ login: id })),
  row('GET /v1/logins/:login/keys', 'list the own keys', ({ login: id }) => ({ login: id })),
  row('POST /v1/logins/:login/keys', 'make an own key', ({ login: id }) => ({ login: id }), null, {
    payload: { name: 'matrix' },
  }),
  row('DELETE /v1/keys/:key', 'remove an own key', ({ ownKey }) => ({ key: ownKey })),
  row('POST /v1/sessions', 'ask to sign in', nothing, 'invalid', { payload: { login: '' } }),
  row('POST /v1/entities/:id/plan', 'plan to lift the hold on the own account', own, 'invalid', ({ ownHold }) => ({
    payload: { action: 'lift', hold: ownHold },
  })),
];

const ACTING: readonly MatrixRow[] = [
  row('GET /v1/me', 'act as the target', nothing, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
  row('GET /v1/entities/:id', 'as the target: read it', target, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
  row(
    'GET /v1/entities/:id',
    'as the target: read its parent',
    ({ tree }) => ({ id: tree.accounts.parent }),
    null,
    (caller) => ({
      headers: { 'abeyance-act-as': target(caller).id },
    }),
  ),
  row(
    'PATCH /v1/entities/:id',
    'as the target: change a field for an account above',
    target,
    'precondition_failed',
    (caller) => ({
      payload: { accountType: 'Trial' },
      headers: { 'abeyance-act-as': target(caller).id, ...STALE.headers },
    }),
  ),
  row('GET /v1/status', 'as the target: read the status', nothing, null, (caller) => ({
    headers: { 'abeyance-act-as': target(caller).id },
  })),
];

/** What each operation of a bulk request asks, and the code of an item that was let through. */
const BULK: readonly {
  readonly op: string;
  readonly item: (caller: Caller) => object;
  readonly meets?: ProblemCode;
}[] = [
  {
    op: 'create',
    item: ({ tree }) => ({ body: { kind: 'sip_domain', domain: tree.domainName, parent: tree.accounts.self } }),
    meets: 'exists',
  },
  { op: 'update', item: (caller) => ({ entity: entity(caller).id, body: {} }) },
  {
    op: 'hold',
    item: (caller) => ({ entity: entity(caller).id, body: { profile: 'suspended' } }),
    meets: 'plan_required',
  },
  { op: 'lift', item: (caller) => ({ entity: entity(caller).id, hold: caller.tree.holds.reseller }) },
  { op: 'close', item: (caller) => ({ entity: entity(caller).id, body: {} }), meets: 'plan_required' },
  {
    op: 'move',
    item: (caller) => ({
      entity: entity(caller).id,
      body: { parent: caller.place === 'self' ? caller.tree.accounts.self : caller.tree.accounts.parent },
    }),
  },
  { op: 'transfer', item: (caller) => ({ entity: entity(caller).id, body: { owner: null } }), meets: 'invalid' },
  { op: 'profile', item: () => ({ name: 'once_used', body: { severity: 'none' } }), meets: 'invalid' },
];

const BULK_ROWS: readonly MatrixRow[] = [
  {
    route: 'POST /v1/bulk',
    names: BULK.map(({ op }) => `bulk: ${op}`),
    ask: (caller) => ({
      method: 'POST',
      url: '/v1/bulk',
      payload: { items: BULK.map(({ op, item }) => ({ op, ...item(caller) })) },
    }),
    read: (answer) =>
      BULK.map(({ meets }, index) => {
        if (answer.status >= 300) return String(answer.body['code']);
        const { status, problem } = answer.body['items'][index];
        return outcomeOf(status, problem?.code, meets);
      }),
  },
];

/** By section, in the order in which they are asked: what uses something up comes last. */
export const MATRIX: Readonly<Record<string, readonly MatrixRow[]>> = {
  entities: ENTITIES,
  properties: PROPERTIES,
  holds: HOLD_ROWS,
  bulk: BULK_ROWS,
  knowledge: KNOWLEDGE,
  installation: INSTALLATION,
  'logins, keys, roles': IDENTITIES,
  'acting as another': ACTING,
  'the own login': OWN,
};
