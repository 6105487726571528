/**
 * A part of the tree as lines with branches, each node with its standing.
 *
 * Children that are many of one kind are shown up to a limit and then counted; what is not shown is always said.
 */
import type { EntityView } from '#cli/api-types.ts';
import type { Paint } from '#cli/terminal.ts';
import { countText, kindWord, standingWord } from './words.ts';

export interface TreeNode {
  readonly entity: EntityView;
  readonly children: readonly TreeNode[];
  /** Children that were not loaded: their kinds and numbers. */
  readonly more: readonly { readonly kind: string; readonly count: number }[];
  /** The node has children, but the depth that was asked for ends here. */
  readonly isCut: boolean;
}

/** The lines of a node and all that was loaded beneath it. */
export function treeLines(root: TreeNode, paint: Paint): string[] {
  const lines = [nodeText(root, paint)];
  appendChildren(root, '', paint, lines);
  return lines;
}

function appendChildren(node: TreeNode, indent: string, paint: Paint, lines: string[]): void {
  const rest = node.more.map(({ kind, count }) => paint('gray', `… ${countText(count)} more ${kindWord(kind, count)}`));
  const last = node.children.length + rest.length - 1;
  for (const [index, child] of node.children.entries()) {
    lines.push(`${indent}${index === last ? '└─ ' : '├─ '}${nodeText(child, paint)}`);
    appendChildren(child, `${indent}${index === last ? '   ' : '│  '}`, paint, lines);
  }
  for (const [index, text] of rest.entries())
    lines.push(`${indent}${node.children.length + index === last ? '└─ ' : '├─ '}${text}`);
}

function nodeText({ entity, isCut }: TreeNode, paint: Paint): string {
  const owner = entity.owner == null ? '' : paint('gray', ` owned by ${entity.owner}`);
  const cut = isCut ? paint('gray', ' …') : '';
  return `${paint('bold', entity.label)} ${paint('gray', kindWord(entity.kind))} ${standingWord(entity.standing, paint)}${owner}${cut}`;
}
