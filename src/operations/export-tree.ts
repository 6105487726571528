/**
 * Everything open, as bulk items that make the same tree elsewhere: entities with their ids and grants, then references
 * that point ahead, then holds.
 *
 * What is closed stays behind: a backup is for the whole history.
 */
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { manages, requirePermission, requireRight, seesAuthor } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type EntityView, readViews } from '#operations/entity-view.ts';
import { grantItems } from '#operations/export-grants.ts';
import { getEntity } from '#operations/resolve.ts';
import type { BulkItem } from '#operations/run-bulk.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers, uuidsOf } from '#store/entity.ts';
import { listForExport, listOpenWithin } from '#store/export.ts';
import { listHolds } from '#store/hold.ts';
import { type Profile, listProfiles } from '#store/profile.ts';
import type { SealingKey } from '#store/sealing.ts';

export interface ExportHeader {
  readonly abeyance: 'export';
  readonly format: 1;
  readonly revision: number;
  readonly epoch: string;
  readonly exportedAt: string;
  readonly secrets: boolean;
}

/** Containers before what they contain, targets before what points at them; an alias of an alias is the younger one. */
const ORDER: readonly Kind[] = [
  'account',
  'sip_domain',
  'enum_range',
  'dns_zone',
  'application',
  'foreign',
  'trusted_peer',
  'sip_account',
  'sip_alias',
  'phone_number',
  'enum_number',
  'dns_record',
  'mailbox',
];
/** Fields of accounts that may point at what comes later, even at each other. */
const LATER: Readonly<Partial<Record<Kind, readonly string[]>>> = { account: ['impersonate', 'organization'] };
const PAGE = 1_000;

/** Yields the header and then the items. Throws `not_found` for a root that is not there. */
export async function* exportTree(
  context: OperationContext,
  actor: Actor,
  options: { readonly root?: string | undefined; readonly secrets: boolean },
): AsyncGenerator<ExportHeader | BulkItem> {
  const session = reader(context);
  const root =
    options.root === undefined && actor.accountId === 0
      ? null
      : await getEntity(session, actor, options.root ?? actor.accountId, 'root');
  requirePermission(actor, 'entity:export');
  // Digests of passwords and keys are for those who may set them.
  if (options.secrets) {
    if (root === null) requirePermission(actor, 'entity:update');
    else requireRight(actor, root, 'entity:update');
  }
  const head = await getHead(session);
  yield {
    abeyance: 'export',
    format: 1,
    revision: head.revision,
    epoch: head.epoch,
    exportedAt: context.clock().toISOString(),
    secrets: options.secrets,
  };
  const rootId = root === null || root.id === 0 ? null : root.id;
  for (const profile of await listProfiles(session))
    if (!profile.builtin || profile.version > 1) yield profileItem(profile);
  const platform = (await uuidsOf(session, [0])).get(0);
  const later: BulkItem[] = [];
  const secretsWith = options.secrets ? context.sealingKey : null;
  for (const kind of ORDER)
    for await (const views of viewsOf(session, actor, kind, rootId, secretsWith)) {
      const granted = kind === 'account' ? await grantItems(session, views, later) : null;
      for (const view of views) {
        yield* creation(view, view.parent === platform ? 0 : view.parent, rootId === view.number, later);
        yield* granted?.get(view.number) ?? [];
      }
    }
  yield* later;
  yield* holdItems(session, actor, rootId);
}

/** Own profiles, and built-in ones that were edited; holds name them. */
function profileItem({
  name,
  version: _version,
  builtin: _builtin,
  updatedAt: _updatedAt,
  ...body
}: Profile): BulkItem {
  return { op: 'profile', name, body };
}

async function* viewsOf(
  session: Session,
  actor: Actor,
  kind: Kind,
  rootId: number | null,
  secretsWith: SealingKey | null,
): AsyncGenerator<EntityView[]> {
  for (let key: { depth: number; id: number } | null = { depth: 0, id: 0 }; key !== null;) {
    const page = await listForExport(session, kind, key, PAGE, rootId);
    const managed = page.entities.filter((entity) => manages(actor, entity));
    const owned = page.entities.filter((entity) => !manages(actor, entity));
    const views = new Map(
      [
        ...(await readViews(session, actor, managed, secretsWith)),
        // What is only owned there is another's to set: its secrets stay.
        ...(await readViews(session, actor, owned)),
      ].map((view) => [view.number, view]),
    );
    yield page.entities.map(({ id }) => views.get(id)).filter((view) => view !== undefined);
    key = page.next;
  }
}

/**
 * The creation of one entity; what points ahead is put off. The platform is 0 everywhere; a root's own parent is left
 * to whoever imports it.
 */
function* creation(
  view: EntityView,
  parent: string | number | null,
  isRoot: boolean,
  later: BulkItem[],
): Generator<BulkItem> {
  const { id, kind, owner } = view;
  const body: Record<string, unknown> = {
    kind,
    id,
    ...(isRoot ? {} : { parent }),
    ...(owner === undefined ? {} : { owner }),
  };
  const ahead: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(KIND_FIELDS[kind])) {
    const value = view[name];
    if (field.computed || value === undefined || value === null) continue;
    if (LATER[kind]?.includes(name)) ahead[name] = value;
    else body[name] = value;
  }
  yield { op: 'create', body };
  if (Object.keys(ahead).length > 0) later.push({ op: 'update', entity: id, body: ahead });
}

async function* holdItems(session: Session, actor: Actor, rootId: number | null): AsyncGenerator<BulkItem> {
  for (let after = 0; ;) {
    const holds = await listHolds(session, { includeEnded: false, after, limit: PAGE });
    const open = new Set(
      await listOpenWithin(
        session,
        holds.map((hold) => hold.entity_id),
        rootId,
      ),
    );
    const states = actor.accountId === 0 ? [] : await listByNumbers(session, [...open]);
    const lines = new Map(states.map((state) => [state.id, state.line]));
    for (const hold of holds) {
      if (!open.has(hold.entity_id)) continue;
      const isKnown = seesAuthor(actor, hold, lines.get(hold.entity_id) ?? []);
      yield {
        op: 'hold',
        entity: hold.entity_id === 0 ? 0 : hold.entity_uuid,
        body: {
          profile: hold.profile,
          authority: hold.authority,
          subject: hold.subject,
          source: isKnown ? hold.source : hold.authority,
          startsAt: hold.starts_at.toISOString(),
          ...(hold.external_ref === null || !isKnown ? {} : { externalRef: hold.external_ref }),
          ...(hold.note === null || !isKnown ? {} : { note: hold.note }),
          ...(hold.ends_at === null ? {} : { endsAt: hold.ends_at.toISOString() }),
          ...(hold.review_at === null ? {} : { reviewAt: hold.review_at.toISOString() }),
        },
      };
    }
    const last = holds.at(-1);
    if (holds.length < PAGE || last === undefined) return;
    after = last.id;
  }
}
