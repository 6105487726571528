/**
 * Creation, one entity or a thousand: read, load what they stand on, judge each in order, insert all that passed.
 *
 * A refused item leaves no trace and does not hinder the others; what refers to it is refused in its turn. The caller
 * holds the shape lock, so that no chain read here can change before the commit.
 */
import { ACTION_BIT } from '#core/action.ts';
import type { Json, Values } from '#core/field.ts';
import { type Identifier, type Reference, labelOf } from '#core/identifier.ts';
import { ACCOUNT_DEPTH_MAX, type Kind, PARENT_KINDS, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { type FieldError, Problem, invalid, problem } from '#core/problem.ts';
import { chargeCreation } from '#operations/charges.ts';
import { restSettings } from '#operations/context.ts';
import { applySipPassword } from '#operations/credentials.ts';
import { sees } from '#operations/access.ts';
import { refuseHeldNames } from '#operations/names.ts';
import { factsOf } from '#operations/facts.ts';
import { recordReleased } from '#operations/rename.ts';
import type { Work } from '#operations/perform.ts';
import { type EntityState, type NewEntity, insertEntities, referenceKey, reserveNumbers } from '#store/entity.ts';
import { type NameHolder, insertIdentifiers, releaseIdentifiers } from '#store/identifier.ts';
import { insertKindRows } from '#store/kind-row.ts';

import { judgeContainer } from './container.ts';
import { type Draft, draftAll } from './drafts.ts';
import { refuseUnentitled } from './entitlement.ts';
import { type CreateInput, type ReadItem, readItem } from './read-item.ts';
import { type Surroundings, holderKey, loadHolders, loadSurroundings } from './surroundings.ts';

export interface Created {
  readonly id: number;
  readonly uuid: string;
  readonly kind: Kind;
}

/** What an item can stand on, whether it exists or is created by this batch. */
interface Ground {
  readonly id: number;
  readonly kind: Kind;
  readonly label: string;
  readonly ancestors: number[] | null;
  /** The accounts from the platform down to the one that contains it. */
  readonly line: number[];
  /** How many resources lie on the line up to the account, itself included. */
  readonly depth: number;
  readonly account: number;
  readonly reseller: number | null;
  readonly closed: boolean;
  readonly denied: number;
  readonly values: Values;
}

export interface CreateOptions {
  /** Whether what is created may come under a hold at once; it operates no more than anything else there. */
  readonly mayBeHeld?: boolean;
  /** The SIP domain in which any account may own what is created: its organization. */
  readonly organization?: number;
}

/** Creates what can be created; the outcome of each item stands at its place. */
export async function createBatch(
  work: Work,
  inputs: readonly CreateInput[],
  options: CreateOptions = {},
): Promise<(Created | Problem)[]> {
  const outcomes: (Created | Problem)[] = [];
  const read: (ReadItem | Problem)[] = [];
  for (const input of inputs) read.push(await readItem(input).catch(asRefusal));
  const items = read.filter((item) => !(item instanceof Problem)) as ReadItem[]; // The filter says so.
  const around = await loadSurroundings(work.transaction, items);
  const drafts = draftAll(read, around);
  const holders = await loadHolders(
    work.transaction,
    drafts.flatMap((draft) => (draft === null ? [] : draft.identifiers)),
  );
  const numbers = await reserveNumbers(work.transaction, items.length);
  const batch = new Batch(work, around, holders, options);
  for (const [index, item] of read.entries()) {
    const draft = drafts[index];
    outcomes.push(
      item instanceof Problem || draft == null ? (item as Problem) : batch.judge(draft, numbers.shift() ?? 0),
    );
  }
  await batch.write();
  return outcomes;
}

/** Lets a refusal through as a value. */
function asRefusal(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/** The items that passed, and what they were judged against. */
class Batch {
  readonly #work: Work;
  readonly #around: Surroundings;
  readonly #options: CreateOptions;
  readonly #holders: ReadonlyMap<string, NameHolder>;
  readonly #grounds = new Map<string, Ground>();
  readonly #entities: NewEntity[] = [];
  readonly #values = new Map<Kind, { id: number; values: Values }[]>();
  readonly #identifiers: (Identifier & { entityId: number })[] = [];
  readonly #released: Identifier[] = [];

  constructor(work: Work, around: Surroundings, holders: ReadonlyMap<string, NameHolder>, options: CreateOptions) {
    this.#options = options;
    this.#work = work;
    this.#around = around;
    this.#holders = holders;
  }

  /** Judges one item, in the order of refusals, and takes it in when nothing speaks against it. */
  judge(draft: Draft, id: number): Created | Problem {
    try {
      this.#take(draft, id);
      return { id, uuid: draft.uuid, kind: draft.item.kind };
    } catch (error) {
      return asRefusal(error);
    }
  }

  #take({ item, identifiers, uuid }: Draft, id: number): void {
    const parent = this.#find(item.parent, 'parent');
    const owner = item.owner === null ? null : this.#find(item.owner, 'owner');
    for (const [name, reference] of item.references) this.#find(reference, name);
    refuseUnentitled(this.#work.actor, item, parent);
    if (item.errors.length > 0) throw invalid(...item.errors);
    const errors: FieldError[] = [];
    const values = this.#judgeFields(item, parent, owner, errors);
    if (errors.length > 0) throw invalid(...errors);
    this.#refuseTaken(uuid, item, identifiers);
    if (parent.closed) throw problem('closed', `${parent.label} is closed; nothing can be created beneath it.`);
    if (owner?.closed) throw problem('closed', `${owner.label} is closed; it cannot own anything new.`);
    if ((parent.denied & ACTION_BIT.provision) !== 0 && this.#options.mayBeHeld !== true)
      throw problem('held', `${parent.label} is held; nothing can be created beneath it until that is lifted.`);
    const released = this.#released.length;
    for (const identifier of identifiers) if (this.#holders.has(holderKey(identifier))) this.#released.push(identifier);
    const takenFrom = this.#released
      .slice(released)
      .map((identifier) => this.#holders.get(holderKey(identifier))?.entity_id)
      .filter((holder) => holder !== undefined);
    const ancestors = item.kind === 'account' ? [...(parent.ancestors ?? []), id] : null;
    const label = labelOf(item.kind, values, identifiers);
    const ownerId = owner === null || owner.id === parent.account ? null : owner.id;
    const { kind } = item;
    this.#entities.push({ id, uuid, kind, parent_id: parent.id, owner_id: ownerId, ancestors, label });
    const rows = this.#values.get(kind);
    if (rows === undefined) this.#values.set(kind, [{ id, values }]);
    else rows.push({ id, values });
    for (const identifier of identifiers) this.#identifiers.push({ ...identifier, entityId: id });
    const ground: Ground = {
      id,
      kind,
      label,
      ancestors,
      line: ancestors ?? parent.line,
      depth: item.kind === 'account' ? 0 : parent.depth + 1,
      account: item.kind === 'account' ? id : parent.account,
      reseller: item.kind === 'account' && values['reseller'] === true ? id : parent.reseller,
      closed: false,
      denied: parent.denied,
      values,
    };
    this.#grounds.set(uuid, ground);
    for (const identifier of identifiers) this.#grounds.set(`${identifier.scheme}:${identifier.value}`, ground);
    this.#record(id, uuid, kind, parent.id, ownerId, values, takenFrom);
    chargeCreation(this.#work.transaction, parent.id, kind);
  }

  #find(reference: Reference, field: string): Ground {
    const key = referenceKey(reference);
    const local = this.#grounds.get(key);
    if (local !== undefined) return local;
    const entity = this.#around.entities.get(key);
    if (entity === undefined || !sees(this.#work.actor, entity))
      throw problem('not_found', `There is no ${key.replace(/^#/, '')} to be the ${field}.`, {
        errors: [{ field, message: 'does not exist' }],
      });
    return this.#groundOf(entity);
  }

  #groundOf(entity: EntityState): Ground {
    const account = entity.line.at(-1) ?? entity.id;
    return {
      id: entity.id,
      kind: entity.kind,
      label: entity.label,
      ancestors: entity.ancestors,
      line: entity.line,
      depth: entity.kind === 'account' ? 0 : (this.#around.depths.get(entity.id) ?? 1),
      account,
      reseller: this.#around.resellers.get(account) ?? null,
      closed: entity.closed,
      denied: entity.denied,
      values: this.#around.names.get(entity.id) ?? {},
    };
  }

  #judgeFields(item: ReadItem, parent: Ground, owner: Ground | null, errors: FieldError[]): Values {
    const { kind } = item;
    const values = { ...item.values };
    if (!PARENT_KINDS[kind].includes(parent.kind))
      errors.push({
        field: 'parent',
        message: `must be ${PARENT_KINDS[kind].join(' or ')}, and ${parent.label} is ${parent.kind}`,
      });
    else judgeContainer(kind, values, parent, errors);
    if (parent.depth >= RESOURCE_DEPTH_MAX)
      errors.push({ field: 'parent', message: `lies too deep: resources go down to ${RESOURCE_DEPTH_MAX} levels` });
    if (kind === 'account') {
      if ((parent.ancestors?.length ?? 0) > ACCOUNT_DEPTH_MAX)
        errors.push({ field: 'parent', message: `lies too deep: accounts go down to ${ACCOUNT_DEPTH_MAX} levels` });
      values['reseller'] ??= parent.id === 0;
    }
    if (owner !== null) {
      if (owner.kind !== 'account')
        errors.push({ field: 'owner', message: `must be an account, and ${owner.label} is ${owner.kind}` });
      else if (owner.reseller !== parent.reseller && parent.id !== this.#options.organization)
        errors.push({ field: 'owner', message: "must be inside the same reseller's tree as the container" });
    }
    for (const [name, reference] of item.references) values[name] = this.#judgeReference(kind, name, reference, errors);
    if (item.password !== null)
      applySipPassword(values, String(values['username']), String(parent.values['domain']), item.password);
    return values;
  }

  #judgeReference(kind: Kind, name: string, reference: Reference, errors: FieldError[]): Json {
    const field = KIND_FIELDS[kind][name];
    if (field?.type !== 'reference') return null;
    const target = this.#find(reference, name);
    if (!field.kinds.includes(target.kind))
      errors.push({
        field: name,
        message: `must be ${field.kinds.join(' or ')}, and ${target.label} is ${target.kind}`,
      });
    else if (target.closed) errors.push({ field: name, message: `must be open, and ${target.label} is closed` });
    return target.id;
  }

  /** Names that are taken, by somebody open, by this batch, or reserved for a time. */
  #refuseTaken(uuid: string, item: ReadItem, identifiers: readonly Identifier[]): void {
    if (item.uuid !== null && (this.#around.entities.has(uuid) || this.#grounds.has(uuid)))
      throw problem('exists', `There is an entity with the id ${uuid} already.`, {
        errors: [{ field: 'id', message: 'is taken' }],
        facts: { entity: uuid },
      });
    for (const identifier of identifiers) {
      const key = `${identifier.scheme}:${identifier.value}`;
      if (this.#grounds.has(key)) throw problem('exists', `${key} is there already.`, { facts: { identifier: key } });
    }
    const { context, actor } = this.#work;
    refuseHeldNames(identifiers, this.#holders, actor, context.clock(), restSettings(context.settings));
  }

  #record(
    id: number,
    uuid: string,
    kind: Kind,
    parent: number,
    owner: number | null,
    values: Values,
    takenFrom: number[],
  ): void {
    const { facts, personal } = factsOf(kind, values);
    this.#work.transaction.record({
      kind: 'entity.created',
      entityId: id,
      facts: { id: uuid, kind, parent, ...(owner === null ? {} : { owner }), set: facts },
      touched: [id, ...takenFrom],
      personal,
    });
    recordReleased(this.#work.transaction, takenFrom, id);
  }

  async write(): Promise<void> {
    const { transaction, context } = this.#work;
    if (this.#entities.length === 0) return;
    await releaseIdentifiers(transaction, this.#released);
    await insertEntities(transaction, this.#entities);
    for (const [kind, rows] of this.#values) await insertKindRows(transaction, context.sealingKey, kind, rows);
    await insertIdentifiers(transaction, this.#identifiers);
  }
}
