/** Whether one entity lies beneath another, as the picture has it. */
import { ACCOUNT_DEPTH_MAX, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import { CELL_SHIFT, OWNER, PARENT } from './entity-table.ts';
import type { Picture } from './picture.ts';

const CHAIN_MAX = ACCOUNT_DEPTH_MAX + RESOURCE_DEPTH_MAX + 2;

/** Whether the account is on the entity's line, or on that of its owner. */
export function isWithin(picture: Picture, entity: number, account: number): boolean {
  if (!picture.entities.has(entity)) return false;
  const owner = picture.entities.cells[(entity << CELL_SHIFT) + OWNER] ?? -1;
  return isOnLine(picture, entity, account) || (owner >= 0 && isOnLine(picture, owner, account));
}

function isOnLine(picture: Picture, from: number, account: number): boolean {
  const { cells } = picture.entities;
  for (let node = from, step = 0; node >= 0 && step < CHAIN_MAX; step++) {
    if (node === account) return true;
    node = cells[(node << CELL_SHIFT) + PARENT] ?? -1;
  }
  return false;
}
