/** A scenario carried out through the native face, and its questions asked of the arrangements that follow it. */
import assert from 'node:assert/strict';

import { ACTION_BIT, type Action, actionsIn } from '#core/action.ts';
import { isEmergencyDestination } from '#core/emergency.ts';
import { normaliseSubject } from '#core/identifier.ts';
import { isKind } from '#core/kind.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { standingOf } from '#core/restrictions.ts';
import type { DecisionEngine } from '#decisions/engine.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';

import type { DecisionAnswer, StandingAnswer } from './answers.ts';
import { type Installation, TOKEN } from './installation.ts';
import { type Step, withTimes } from './scenario.ts';

/** One way to ask the two questions. */
export interface Arrangement {
  standing(name: string): Promise<StandingAnswer>;
  decide(subject: string, action: Action, destination: string | undefined): Promise<DecisionAnswer>;
}

interface ReasonLike {
  readonly cause: string;
  readonly entity: string | null;
  readonly hold: string | null;
}

interface StandingLike {
  readonly standing: string;
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
  readonly reasons: readonly ReasonLike[];
}

interface DecisionLike {
  readonly effect: string;
  readonly action: string;
  readonly standing: string | null;
  readonly reasons: readonly ReasonLike[];
  readonly refusal: { readonly profile: string | null; readonly text: string } | null;
}

interface Entity {
  readonly id: string;
  readonly number: number;
}

const OVERRIDE_LONGEST_MS = 367 * 86_400_000;

export class ScenarioWorld {
  readonly #installation: Installation;
  readonly #entities = new Map<string, Entity>();
  readonly #holds = new Map<string, string>();

  constructor(installation: Installation, platform: Entity) {
    this.#installation = installation;
    this.#entities.set('platform', platform);
  }

  async take(step: Step): Promise<void> {
    const { pool, context, follow } = this.#installation;
    switch (step.do) {
      case 'create': {
        const { status, body } = await this.#create(step);
        assert.equal(status, 201, JSON.stringify(body));
        this.#entities.set(step.as, body as unknown as Entity); // The answer to a creation.
        return;
      }
      case 'hold': {
        const { status, body } = await this.#request(
          'POST',
          `/v1/entities/${this.#id(step.on)}/holds`,
          withTimes(step.fields, new Date()),
        );
        assert.equal(status, 201, JSON.stringify(body));
        this.#holds.set(step.as, String(body['id']));
        return;
      }
      case 'begin':
        await pool.query(`update hold set starts_at = now() - interval '1 second' where uuid = $1`, [
          this.#holds.get(step.hold),
        ]);
        await runDueHolds(context);
        return follow();
      case 'expire':
        await pool.query(
          `update hold set starts_at = now() - interval '2 seconds', ends_at = now() - interval '1 second' where uuid = $1`,
          [this.#holds.get(step.hold)],
        );
        await runDueHolds(context);
        return follow();
      case 'lapse':
        await runDueHolds({ ...context, clock: () => new Date(Date.now() + OVERRIDE_LONGEST_MS) });
        return follow();
      case 'refused': {
        const { status, body } = await this.#carryOut(step.step);
        assert.ok(status >= 400, `it was to be refused: ${JSON.stringify(body)}`);
        assert.equal(body['code'], step.code, JSON.stringify(body));
        if (step.field !== null)
          assert.deepEqual(
            (body['errors'] as { field: string }[]).map((error) => error.field),
            [step.field],
          );
        return;
      }
      case 'ask':
        return;
      default: {
        const { status, body } = await this.#carryOut(step);
        assert.equal(status, 200, JSON.stringify(body));
      }
    }
  }

  /** What SQL says by `restrictions()`; a number or an alias by the union of all that it leads to. */
  get sql(): Arrangement {
    return {
      standing: async (name) => {
        const { restrictions, governing } = await this.#restrictions([this.#entity(name).number]);
        return {
          standing: standingOf(restrictions),
          denied: actionsIn(restrictions.denied),
          intercepted: actionsIn(restrictions.intercepted),
          governing,
        };
      },
      decide: async (subject, action, destination) => {
        const isEmergency = action === 'call.out' && destination !== undefined && isEmergencyDestination(destination);
        const number = await this.#numberOf(subject);
        if (number === null) return { effect: 'unknown', standing: null };
        const { rows } = await this.#installation.pool.query<{ id: number }>(
          `with recursive passed (id) as (
             select $1::bigint
             union
             select coalesce(n.target_id, a.target_id) from passed p
               left join phone_number n on n.entity_id = p.id left join sip_alias a on a.entity_id = p.id
               where coalesce(n.target_id, a.target_id) is not null
           ) select id from passed`,
          [number],
        );
        const { restrictions } = await this.#restrictions(rows.map((row) => row.id));
        const bit = ACTION_BIT[isEmergency ? 'call.emergency' : action];
        const effect =
          (restrictions.denied & bit) !== 0 ? 'deny' : (restrictions.intercepted & bit) !== 0 ? 'intercept' : 'allow';
        return { effect, standing: standingOf(restrictions) };
      },
    };
  }

  /** What an engine says: the one that followed, or one made afresh. */
  of(engine: DecisionEngine): Arrangement {
    return {
      standing: async (name) => {
        const answer = engine.standing(this.#entity(name).number);
        assert.ok(answer !== null, `the engine does not know ${name}`);
        return this.#standingAnswer(answer);
      },
      decide: async (subject, action, destination) =>
        this.#decisionAnswer(engine.decide(this.#subject(subject), action, { destination })),
    };
  }

  /** What the native face answers. */
  get http(): Arrangement {
    return {
      standing: async (name) => {
        const { status, body } = await this.#request('GET', `/v1/entities/${this.#id(name)}/standing`);
        assert.equal(status, 200);
        return this.#standingAnswer(body as unknown as StandingLike); // As the schema of the face says.
      },
      decide: async (subject, action, destination) => {
        const query = new URLSearchParams({
          subject: this.#subject(subject),
          action,
          ...(destination === undefined ? {} : { destination }),
        });
        const { status, body } = await this.#request('GET', `/v1/decisions?${query.toString()}`);
        assert.equal(status, 200);
        return this.#decisionAnswer(body as unknown as DecisionLike); // Likewise.
      },
    };
  }

  #standingAnswer({ standing, denied, intercepted, reasons }: StandingLike): StandingAnswer {
    const governing = reasons.find((reason) => reason.hold !== null);
    return {
      standing,
      denied,
      intercepted,
      reasons: this.#reasons(reasons),
      governing: governing === undefined ? null : this.#reasonName(governing),
    };
  }

  #decisionAnswer({ effect, standing, action, reasons, refusal }: DecisionLike): DecisionAnswer {
    return {
      effect,
      standing,
      judged: action,
      profile: refusal?.profile ?? null,
      text: refusal?.text ?? null,
      reasons: this.#reasons(reasons),
    };
  }

  #reasons(reasons: readonly ReasonLike[]): string[] {
    return reasons.map((reason) => this.#reasonName(reason)).toSorted();
  }

  #reasonName(reason: ReasonLike): string {
    if (reason.hold !== null) return [...this.#holds].find(([, id]) => id === reason.hold)?.[0] ?? reason.hold;
    const name = [...this.#entities].find(([, { id }]) => id === reason.entity)?.[0] ?? reason.entity;
    return `${reason.cause.replace('_', ' ')} ${name}`;
  }

  async #restrictions(numbers: readonly number[]) {
    const { rows } = await this.#installation.pool.query<{
      denied: number;
      intercepted: number;
      closed: boolean;
      owner_closed: boolean;
      hold: string | null;
    }>(
      `select r.denied, r.intercepted, r.closed, r.owner_closed, h.uuid as hold
       from unnest($1::bigint[]) with ordinality u (id, place) cross join lateral restrictions(u.id) r left join hold h on h.id = r.governing_hold
       order by u.place`,
      [numbers],
    );
    const denied = rows.reduce((mask, row) => mask | row.denied, 0);
    const intercepted = rows.reduce((mask, row) => mask | row.intercepted, 0) & ~denied;
    const restrictions = {
      denied,
      intercepted,
      closed: rows.some((row) => row.closed),
      ownerClosed: rows.some((row) => row.owner_closed),
    };
    return { restrictions, governing: [...this.#holds].find(([, id]) => id === rows[0]?.hold)?.[0] ?? null };
  }

  async #numberOf(subject: string): Promise<number | null> {
    const known = this.#entities.get(subject);
    if (known !== undefined) return known.number;
    const { rows } = await this.#installation.pool.query<{ entity_id: number }>(
      `select entity_id from identifier where scheme || ':' || value = $1`,
      [normaliseSubject(subject)],
    );
    return rows[0]?.entity_id ?? null;
  }

  #subject(subject: string): string {
    return this.#entities.get(subject)?.id ?? subject;
  }

  #entity(name: string): Entity {
    const entity = this.#entities.get(name);
    assert.ok(entity !== undefined, `the scenario has no ${name}`);
    return entity;
  }

  #id(name: string): string {
    return this.#entity(name).id;
  }

  #carryOut(step: Step) {
    switch (step.do) {
      case 'create':
        return this.#create(step);
      case 'hold':
        return this.#request('POST', `/v1/entities/${this.#id(step.on)}/holds`, withTimes(step.fields, new Date()));
      case 'lift': {
        const hold = this.#holds.get(step.hold) ?? '';
        return this.#installation.pool
          .query<{ uuid: string }>('select e.uuid from hold h join entity e on e.id = h.entity_id where h.uuid = $1', [
            hold,
          ])
          .then(({ rows }) => this.#request('DELETE', `/v1/entities/${rows[0]?.uuid}/holds/${hold}`));
      }
      case 'close':
        return this.#request('POST', `/v1/entities/${this.#id(step.what)}/close`);
      case 'move':
        return this.#request('POST', `/v1/entities/${this.#id(step.what)}/move`, { parent: this.#id(step.to) });
      case 'transfer':
        return this.#request('POST', `/v1/entities/${this.#id(step.what)}/transfer`, {
          owner: step.to === null ? null : this.#id(step.to),
        });
      case 'profile':
        return this.#request('PUT', `/v1/profiles/${step.name}`, withTimes(step.fields, new Date()));
      default:
        throw new Error(`${step.do} is no request`);
    }
  }

  #create({ kind, fields }: Step & { do: 'create' }) {
    const isReference = (name: string) =>
      name === 'parent' || name === 'owner' || (isKind(kind) && KIND_FIELDS[kind][name]?.type === 'reference');
    const body = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, isReference(name) ? this.#id(String(value)) : value]),
    );
    return kind === 'account'
      ? this.#request('POST', '/v1/accounts', body)
      : this.#request('POST', '/v1/resources', { kind, ...body });
  }

  async #request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await this.#installation.app.inject({
      method,
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: response.statusCode, body: response.json() };
  }
}
