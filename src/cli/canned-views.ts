/** For tests: bodies of the API, whole, with the members that a test cares about set by it. */
import type { DecisionView, EntityView, HoldView, PlanView, ReasonView, StandingView } from './api-types.ts';

export const ACME_ID = '11111111-1111-4111-8111-111111111111';
export const RESELLER_ID = '22222222-2222-4222-8222-222222222222';
export const HOLD_ID = '33333333-3333-4333-8333-333333333333';

export function entity(more: Partial<EntityView> = {}): EntityView {
  return {
    id: ACME_ID,
    number: 17,
    kind: 'account',
    label: 'Acme',
    parent: RESELLER_ID,
    standing: 'active',
    lifecycle: 'open',
    version: 1,
    createdAt: '2026-03-01T09:30:00.000Z',
    updatedAt: '2026-03-01T09:30:00.000Z',
    identifiers: ['ref:C-1'],
    ...more,
  };
}

export function reason(more: Partial<ReasonView> = {}): ReasonView {
  return {
    hold: HOLD_ID,
    entity: RESELLER_ID,
    entityNumber: 3,
    label: 'North',
    profile: 'suspended',
    authority: 'platform',
    inherited: true,
    via: 'parent',
    since: '2026-03-01T09:30:00.000Z',
    until: null,
    placedBy: 'token:admin',
    note: 'invoice 4711',
    cause: 'hold',
    ...more,
  };
}

export function standing(more: Partial<StandingView> = {}): StandingView {
  return {
    entity: ACME_ID,
    standing: 'active',
    lifecycle: 'open',
    denied: [],
    intercepted: [],
    reasons: [],
    revision: 7,
    ...more,
  };
}

export function hold(more: Partial<HoldView> = {}): HoldView {
  return {
    id: HOLD_ID,
    profile: 'suspended',
    entity: ACME_ID,
    authority: 'platform',
    source: 'token:admin',
    externalRef: null,
    note: null,
    placedBy: 'token:admin',
    placedAt: '2026-03-01T09:30:00.000Z',
    startsAt: '2026-03-01T09:30:00.000Z',
    endsAt: null,
    activatedAt: '2026-03-01T09:30:00.000Z',
    endedAt: null,
    endCause: null,
    endedBy: null,
    reviewAt: null,
    inForce: true,
    ...more,
  };
}

export function plan(changing: Readonly<Record<string, number>>, more: Partial<PlanView> = {}): PlanView {
  const total = Object.values(changing).reduce((sum, count) => sum + count, 0);
  return {
    token: '44444444-4444-4444-8444-444444444444',
    entity: ACME_ID,
    effect: {
      beneath: total,
      changing: { total, byKind: changing },
      alreadyHeld: { total: 0, byKind: {} },
      unchanged: { total: 0, byKind: {} },
    },
    revision: 7,
    createdAt: '2026-03-01T09:30:00.000Z',
    expiresAt: '2026-03-01T09:45:00.000Z',
    ...more,
  };
}

export function decision(more: Partial<DecisionView> = {}): DecisionView {
  return {
    subject: 'sip:alice@acme.example',
    action: 'call.out',
    effect: 'allow',
    standing: 'active',
    reasons: [],
    refusal: null,
    revision: 7,
    epoch: 'e',
    staleForMs: 0,
    ...more,
  };
}
