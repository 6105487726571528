/**
 * The tree as the demo finds it, and those in it who play a part in the story.
 *
 * The parts are chosen by what they are, not by name, so that the story can be told on any operator that has two
 * resellers, a customer with a sub-account, a SIP account, a number, a zone and a mailbox.
 */
import type { Kind } from '#core/kind.ts';
import type { DecisionView, EntityView } from './api-types.ts';
import { type Client, entityPath } from './client.ts';
import { CommandFailed } from './exit-code.ts';

/** Every entity by its UUID, in the order of the server's list. */
export type World = ReadonlyMap<string, EntityView>;

export interface Cast {
  readonly reseller: EntityView;
  readonly otherReseller: EntityView;
  readonly otherSipAccount: EntityView;
  /** A sub-account of a customer, that is held for a reason of its own. */
  readonly child: EntityView;
  readonly sipAccount: EntityView;
  readonly number: EntityView;
  readonly zone: EntityView;
  readonly mailbox: EntityView;
}

/** The action that shows best whether a thing of the kind operates. */
export const TELLING_ACTION: Readonly<Record<Kind, string>> = {
  account: 'api',
  sip_domain: 'register',
  sip_account: 'call.out',
  sip_alias: 'call.in',
  trusted_peer: 'call.out',
  phone_number: 'call.in',
  application: 'call.in',
  enum_range: 'dns',
  enum_number: 'dns',
  dns_zone: 'dns',
  dns_record: 'dns',
  mailbox: 'mail.read',
  foreign: 'provision',
};

/** The most questions of one request. */
const QUESTIONS_MAX = 1000;

/** Loads everything, closed ones too. */
export async function loadWorld(client: Client): Promise<World> {
  const entities = await client.listAll<EntityView>('/v1/entities', { closed: true });
  return new Map(entities.map((entity) => [entity.id, entity]));
}

/** What lies beneath an account: by parents, and by owners for records that somebody beneath it owns. */
export function beneath(world: World, account: EntityView): EntityView[] {
  const known = new Map<string, boolean>([[account.id, true]]);
  const isBeneath = (id: string | null | undefined): boolean => {
    const entity = id == null ? undefined : world.get(id);
    if (entity === undefined) return false;
    const before = known.get(entity.id);
    if (before !== undefined) return before;
    const found = isBeneath(entity.parent) || isBeneath(entity.owner);
    known.set(entity.id, found);
    return found;
  };
  return [...world.values()].filter((entity) => entity.id !== account.id && isBeneath(entity.id));
}

/** Chooses who plays. Throws when somebody is missing. */
export async function chooseCast(client: Client, world: World): Promise<Cast> {
  const platform = await client.get<EntityView>(entityPath('platform'));
  const resellers = [...world.values()].filter(({ kind, parent }) => kind === 'account' && parent === platform.id);
  for (const reseller of resellers) {
    const own = beneath(world, reseller).filter(({ standing }) => standing === 'active');
    const child = own.find(
      ({ kind, parent }) =>
        kind === 'account' &&
        isCustomer(world, parent, reseller) &&
        beneath(world, world.get(parent ?? '') ?? reseller).length > 0,
    );
    if (child === undefined) continue;
    const ofChild = new Set([child, ...beneath(world, child)].map(({ id }) => id));
    const find = (kind: Kind, among: readonly EntityView[]) =>
      among.find((entity) => entity.kind === kind && entity.standing === 'active' && !ofChild.has(entity.id));
    const served = own
      .filter(({ kind, parent }) => kind === 'account' && parent === reseller.id)
      .map((customer) => beneath(world, customer));
    // One customer that has one of each makes the better story.
    const four = [...served, own].map((among) => fourOf((kind) => find(kind, among))).find((found) => found !== null);
    if (!four) continue;
    for (const otherReseller of resellers) {
      const otherSipAccount =
        otherReseller.id === reseller.id ? undefined : find('sip_account', beneath(world, otherReseller));
      if (otherSipAccount) return { reseller, otherReseller, otherSipAccount, child, ...four };
    }
  }
  throw new CommandFailed(
    'the story needs two resellers, one of them with a sub-account, SIP account, number, zone and mailbox: import samples/ first',
  );
}

function fourOf(
  find: (kind: Kind) => EntityView | undefined,
): Pick<Cast, 'sipAccount' | 'number' | 'zone' | 'mailbox'> | null {
  const [sipAccount, number, zone, mailbox] = [
    find('sip_account'),
    find('phone_number'),
    find('dns_zone'),
    find('mailbox'),
  ];
  return sipAccount && number && zone && mailbox ? { sipAccount, number, zone, mailbox } : null;
}

/** Whether the account lies directly beneath the reseller. */
function isCustomer(world: World, id: string | null, reseller: EntityView): boolean {
  return id !== null && world.get(id)?.parent === reseller.id;
}

/** What each entity may do: its standing and one decision, as one text to compare. */
export async function observe(client: Client, atRevision: number): Promise<Map<string, string>> {
  const world = await loadWorld(client);
  const entities = [...world.values()];
  const observed = new Map<string, string>();
  for (let from = 0; from < entities.length; from += QUESTIONS_MAX) {
    const some = entities.slice(from, from + QUESTIONS_MAX);
    const questions = some.map(({ id, kind }) => ({ subject: id, action: TELLING_ACTION[kind] }));
    const { answers } = await client.post<{ answers: readonly DecisionView[] }>('/v1/decisions', {
      questions,
      atRevision,
    });
    for (const [index, entity] of some.entries()) {
      const answer = answers[index];
      const { version: _version, updatedAt: _updatedAt, ...fields } = entity;
      observed.set(
        entity.id,
        JSON.stringify([
          fields,
          answer?.effect,
          answer?.refusal,
          answer?.reasons.map(({ hold, cause }) => [hold, cause]),
        ]),
      );
    }
  }
  return observed;
}
