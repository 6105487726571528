/**
 * The rows of the permission matrix: every route with a request for it, and how far the request may come.
 *
 * A request changes nothing that another one meets. Where it is let through, it asks for what changes nothing, uses up a
 * thing made for it alone, or is refused for what is judged after the right: that code stands in `meets`.
 */
import type { ProblemCode } from '#core/problem.ts';

import type { Caller, HoldName } from './matrix-cast.ts';
import { EVENT_ROWS } from './matrix-event-routes.ts';
import { ACTING, IDENTITIES, OWN } from './matrix-login-routes.ts';
import { SYSTEMS, TARGETS } from './matrix-system-routes.ts';
import { type MatrixRow, STALE, entity, leaf, nothing, outcomeOf, row, target } from './matrix-row.ts';
import type { Answer } from './people.ts';

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
  row('POST /v1/entities/:id/erase', 'erase', target, 'conflict'),
];

const carrier = () => ({ name: 'carrier' });

const NUMBERS: readonly MatrixRow[] = [
  row('GET /v1/number-providers/:name/available-numbers', 'search numbers to buy', carrier, 'invalid'),
  row('POST /v1/number-providers/:name/purchases', 'buy a number for it', carrier, 'invalid', ({ tree }) => ({
    payload: { account: tree.accounts.self, number: 'none' },
  })),
];

const CREDITS: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/credits', 'read credits', target),
  row('PUT /v1/entities/:id/credits', 'grant credits', target, 'invalid', { payload: { sip_credit: -1 } }),
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

const unlessUnknown = (answer: Answer, answers: readonly { readonly effect: string }[]): string[] => [
  answer.status < 300 && answers.every(({ effect }) => effect === 'unknown')
    ? 'unknown'
    : outcomeOf(answer.status, answer.body['code']),
];
const question = (caller: Caller) => ({ subject: entity(caller).id, action: 'call.in' });

/** A gateway is told a "no" by the status; only a problem is a refusal to answer. */
function gatewayOutcome({ headers }: Answer): string[] {
  const problem = headers['x-abeyance-problem'] ?? 'ok';
  return [problem === 'not_found' ? 'unknown' : String(problem)];
}

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
  {
    ...row('GET /v1/decisions/http', 'ask for a decision as a gateway', nothing, null, (caller) => ({
      headers: { 'x-abeyance-subject': question(caller).subject, 'x-abeyance-action': 'call.in' },
    })),
    read: gatewayOutcome,
  },
  {
    ...row('GET /v1/decisions/http', 'ask about the own account as a gateway', nothing),
    read: gatewayOutcome,
  },
  row('GET /v1/observations', 'list all that was refused', nothing),
  row('GET /v1/observations', 'list what was refused beneath it', nothing, null, (caller) => ({
    query: `?account=${entity(caller).id}`,
  })),
  row('POST /v1/observations', 'report what was refused', nothing, 'invalid', { payload: { observations: [] } }),
  row(
    'GET /v1/records/:kind',
    'list its calls',
    () => ({ kind: 'call' }),
    null,
    (caller) => ({
      query: `?account=${target(caller).id}`,
    }),
  ),
  row('POST /v1/records', 'tell of calls', nothing, 'invalid', { payload: { records: [] } }),
  row('POST /v1/freeswitch/directory', 'ask as FreeSWITCH for a user', nothing, null, ({ tree }) => ({
    payload: { user: tree.leafName, domain: tree.domainName },
  })),
  row('POST /v1/freeswitch/dialplan', 'ask as FreeSWITCH for a call', nothing, null, ({ tree }) => ({
    payload: { 'Caller-Destination-Number': tree.leafName, variable_sip_req_host: tree.domainName },
  })),
  row('GET /v1/changes', 'read all changes that are seen', nothing, null, { query: '?limit=5' }),
  row('GET /v1/changes', 'read the changes of it', nothing, null, (caller) => ({
    query: `?limit=5&entity=${entity(caller).id}`,
  })),
  row('GET /v1/changes', 'read the changes beneath it', nothing, null, (caller) => ({
    query: `?limit=5&beneath=${entity(caller).id}`,
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
  { op: 'credits', item: ({ tree }) => ({ entity: tree.accounts.self, body: { sip_credit: -1 } }), meets: 'invalid' },
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
  numbers: NUMBERS,
  credits: CREDITS,
  properties: PROPERTIES,
  holds: HOLD_ROWS,
  bulk: BULK_ROWS,
  knowledge: KNOWLEDGE,
  systems: SYSTEMS,
  'targets and receipts': TARGETS,
  'events and webhooks': EVENT_ROWS,
  installation: INSTALLATION,
  'logins, keys, roles': IDENTITIES,
  'acting as another': ACTING,
  'the own login': OWN,
};
