/** A small operator that every server of the network serves, and the holds and closures of its story. */
import { type Installation } from './installation.ts';
import { type Ask, type Body, administrator, made } from './people.ts';

/** The realm of all digests, and the domain of the operator's subscribers. */
export const DOMAIN = 'voice.example';

export interface Operator {
  readonly admin: Ask;
  /** The UUIDs and numbers of what is there, by name. */
  readonly entities: Readonly<Record<EntityName, { readonly id: string; readonly number: number }>>;
  /** Creates something more beneath an entity. */
  create(kind: string, parent: string, fields: object, owner?: string): Promise<{ id: string; number: number }>;
  /** Places a hold and gives what lifts it. In force when it returns. */
  hold(entity: string, profile?: string): Promise<() => Promise<void>>;
  close(entity: string): Promise<void>;
}

/**
 * platform / reseller / parent / account, and beside the parent the `owner`, an account whose own resources lie in the
 * account's containers, and `other`, whom nothing of the story concerns.
 */
export type EntityName = 'reseller' | 'parent' | 'account' | 'owner' | 'other';

export async function makeOperator({ app }: Pick<Installation, 'app'>): Promise<Operator> {
  const admin = administrator(app);
  const create = async (kind: string, parent: string, fields: object, owner?: string) => {
    const body = await made(
      kind === 'account'
        ? admin('POST', '/v1/accounts', { parent, ...fields })
        : admin('POST', '/v1/resources', { kind, parent, ...(owner === undefined ? {} : { owner }), ...fields }),
    );
    return { id: String(body['id']), number: Number(body['number']) };
  };
  const reseller = await create('account', '0', { name: 'Reseller', reseller: true });
  const parent = await create('account', reseller.id, { name: 'Parent' });
  const account = await create('account', parent.id, { name: 'Account' });
  const owner = await create('account', reseller.id, { name: 'Owner' });
  const other = await create('account', reseller.id, { name: 'Other' });
  return {
    admin,
    entities: { reseller, parent, account, owner, other },
    create,
    async hold(entity, profile = 'suspended') {
      const hold: Body = await made(admin('POST', `/v1/entities/${entity}/holds`, { profile }));
      return async () => {
        await made(admin('DELETE', `/v1/entities/${entity}/holds/${String(hold['id'])}`));
      };
    },
    async close(entity) {
      await made(admin('POST', `/v1/entities/${entity}/close`, {}));
    },
  };
}
