/**
 * A part of the tree through the list of children, level by level.
 *
 * Of each kind at most so many children are loaded, and the rest is counted by the server. Requests for one level go out
 * a few at a time, so that a wide tree is neither slow nor a burden.
 */
import { type Kind, KINDS, PARENT_KINDS } from '#core/kind.ts';
import type { EntityView, Page } from './api-types.ts';
import { type Client, entityPath } from './client.ts';
import { readKind } from './field-arguments.ts';
import type { TreeNode } from './render/tree-lines.ts';

export interface TreeRequest {
  readonly depth: number;
  /** How many children of one kind are loaded beneath each node. */
  readonly limit: number;
  /** Kinds to load beside accounts; null for all. */
  readonly kinds: readonly string[] | null;
  readonly withClosed: boolean;
}

/** Nodes whose children are asked for at once. */
const AT_ONCE = 8;
/** As many children are asked for at first as most nodes have; only beyond that each kind is asked for by itself. */
const PROBE_LIMIT = 100;

interface Draft {
  readonly entity: EntityView;
  children: Draft[];
  more: { kind: string; count: number }[];
  isCut: boolean;
}

/** Loads an entity and what lies beneath it. */
export async function loadTree(client: Client, entity: string, request: TreeRequest): Promise<TreeNode> {
  const wanted = request.kinds === null ? null : new Set<Kind>(['account', ...request.kinds.map(readKind)]);
  const root = draft(await client.get<EntityView>(entityPath(entity)));
  let level = [root];
  for (let depth = 0; level.length > 0 && depth < request.depth; depth += 1) {
    const containers = level.filter(({ entity: { kind } }) => childKinds(kind, wanted).length > 0);
    for (let from = 0; from < containers.length; from += AT_ONCE)
      await Promise.all(
        containers.slice(from, from + AT_ONCE).map((node) => loadChildren(client, node, wanted, request)),
      );
    level = level.flatMap(({ children }) => children);
  }
  for (const node of level) node.isCut = childKinds(node.entity.kind, wanted).length > 0;
  return root;
}

function draft(entity: EntityView): Draft {
  return { entity, children: [], more: [], isCut: false };
}

/** The kinds that may lie beneath a kind, in the order in which they are shown: accounts last, like folders of folders. */
function childKinds(kind: Kind, wanted: ReadonlySet<Kind> | null): Kind[] {
  const possible = KINDS.filter(
    (child) => PARENT_KINDS[child].includes(kind) && (wanted === null || wanted.has(child)),
  );
  return [...possible.filter((child) => child !== 'account'), ...possible.filter((child) => child === 'account')];
}

async function loadChildren(
  client: Client,
  node: Draft,
  wanted: ReadonlySet<Kind> | null,
  request: TreeRequest,
): Promise<void> {
  const kinds = childKinds(node.entity.kind, wanted);
  const path = entityPath(node.entity.id, '/children');
  const filter = request.withClosed ? { closed: true } : {};
  const probe = await client.get<Page<EntityView>>(path, { ...filter, kind: kinds.join(','), limit: PROBE_LIMIT });
  for (const kind of kinds) {
    const page =
      probe.next === null
        ? { items: probe.items.filter((child) => child.kind === kind), total: null }
        : await client.get<Page<EntityView>>(path, { ...filter, kind, limit: request.limit, total: 'exact' });
    const shown = page.items.slice(0, request.limit);
    const count = (page.total ?? page.items.length) - shown.length;
    node.children.push(...shown.map(draft));
    if (count > 0) node.more.push({ kind, count });
  }
}
