/**
 * Who may lift what and who may change what, told a second time: by walking from node to node, with tables of its own,
 * and nothing of the code that it is held against.
 */
export type Level = 'customer' | 'reseller' | 'platform';
export type Matter = 'wish' | 'technical' | 'billing' | 'general' | 'fraud' | 'legal';
export type Doing = 'place' | 'lift' | 'move' | 'transfer' | 'close' | 'update' | 'create';
export type Verdict = 'allowed' | 'forbidden' | 'not_found';

/** The last leaves everything to whoever acts: it takes nothing but outgoing calls. */
export type ModelProfile = 'suspended' | 'limited' | 'calls_barred';

export interface ModelHold {
  readonly id: string;
  readonly profile: ModelProfile;
  readonly level: Level;
  readonly matter: Matter;
  /** Null: in the name of a level, by somebody above it. */
  readonly by: Node | null;
  isOver: boolean;
}

export interface Node {
  readonly id: number;
  readonly uuid: string;
  readonly kind: 'account' | 'sip_domain' | 'sip_account';
  parent: Node | null;
  owner: Node | null;
  readonly isReseller: boolean;
  isClosed: boolean;
  isTrial: boolean;
  readonly holds: ModelHold[];
}

export interface ModelLogin {
  readonly id: string;
  readonly account: Node;
  readonly role: keyof typeof ROLE;
  /** What its key is narrowed to; null: to nothing less than the role. */
  readonly scope: readonly Doing[] | null;
}

export interface ModelActor {
  readonly account: Node;
  readonly own: Node;
  readonly level: Level;
  readonly matters: readonly Matter[];
  readonly may: readonly Doing[];
  readonly isStoppedByItself: boolean;
}

const EVERYTHING: readonly Doing[] = ['place', 'lift', 'move', 'transfer', 'close', 'update', 'create'];
export const ROLE = {
  administrator: { may: EVERYTHING, for: 'legal' },
  operator: { may: EVERYTHING.filter((doing) => doing !== 'close'), for: 'fraud' },
  billing: { may: ['place', 'lift'], for: 'billing' },
  developer: { may: ['update', 'create'], for: 'technical' },
  auditor: { may: [], for: 'wish' },
} as const satisfies Record<string, { may: readonly Doing[]; for: Matter }>;
export const PERMISSION: Readonly<Record<Doing, string>> = {
  place: 'hold:place',
  lift: 'hold:lift',
  move: 'entity:move',
  transfer: 'entity:transfer',
  close: 'entity:close',
  update: 'entity:update',
  create: 'entity:create',
};
/** What each matter decides over. */
export const DECIDES: Readonly<Record<Matter, readonly Matter[]>> = {
  wish: ['wish'],
  technical: ['wish', 'technical'],
  billing: ['wish', 'billing'],
  general: ['wish', 'technical', 'billing', 'general'],
  fraud: ['wish', 'technical', 'billing', 'general', 'fraud'],
  legal: ['wish', 'technical', 'billing', 'general', 'fraud', 'legal'],
};
const LOWER: Readonly<Record<Level, readonly Level[]>> = {
  customer: ['customer'],
  reseller: ['customer', 'reseller'],
  platform: ['customer', 'reseller', 'platform'],
};

export const levelOf = (account: Node): Level =>
  account.parent === null ? 'platform' : account.isReseller ? 'reseller' : 'customer';

/** The account of a node: itself, or the one that contains it. */
export function accountOf(node: Node): Node {
  let at = node;
  while (at.kind !== 'account' && at.parent !== null) at = at.parent;
  return at;
}

export function isBeneath(node: Node, account: Node): boolean {
  for (let at: Node | null = node; at !== null; at = at.parent) if (at === account) return true;
  return false;
}

export function isClosed(node: Node): boolean {
  for (let at: Node | null = node; at !== null; at = at.parent) if (at.isClosed) return true;
  return false;
}

const sees = (actor: ModelActor, node: Node): boolean =>
  isBeneath(node, actor.account) || (node.owner !== null && isBeneath(node.owner, actor.account));

/** What holds an account, and where. */
export function holdsOn(account: Node): { hold: ModelHold; at: Node }[] {
  const found: { hold: ModelHold; at: Node }[] = [];
  for (let at: Node | null = account; at !== null; at = at.parent)
    for (const hold of at.holds) if (!hold.isOver) found.push({ hold, at });
  return found;
}

/** Whether nothing but its own doing holds an account. */
export function isStoppedByItself(account: Node): boolean {
  return holdsOn(account).every(
    ({ hold, at }) =>
      at === account &&
      (hold.by === account || (hold.by === null && hold.level === 'customer' && hold.matter === 'wish')),
  );
}

/** Who asks, or why nobody does. */
export function actorOf(login: ModelLogin, actAs: Node | null): ModelActor | Exclude<Verdict, 'allowed'> {
  const own = login.account;
  const holds = holdsOn(own);
  const isFree = holds.every(({ hold }) => hold.profile === 'calls_barred') && !isClosed(own);
  const byItself = !isFree && !isClosed(own) && isStoppedByItself(own);
  if (isClosed(own)) return 'forbidden';
  if (!byItself && holds.some(({ hold }) => hold.profile === 'suspended')) return 'forbidden';
  if (actAs !== null && (actAs.kind !== 'account' || !isBeneath(actAs, own))) return 'not_found';
  const account = actAs ?? own;
  const role = ROLE[login.role];
  const possible: readonly Doing[] = isFree ? EVERYTHING : byItself ? ['lift'] : [];
  const may = role.may.filter((doing) => possible.includes(doing) && (login.scope?.includes(doing) ?? true));
  return { account, own, level: levelOf(account), matters: DECIDES[role.for], may, isStoppedByItself: byItself };
}

/** The account that has the authority over a hold. */
export function authorityOver(hold: ModelHold, node: Node): Node {
  if (hold.by !== null && isBeneath(node, hold.by)) return hold.by;
  let at = accountOf(node);
  // Nobody inherits what was held against itself, but everybody its own wish.
  if (node.kind === 'account' && hold.matter !== 'wish' && at.parent !== null) at = at.parent;
  while (!LOWER[levelOf(at)].includes(hold.level) && at.parent !== null) at = at.parent;
  return at;
}

export function mayLift(actor: ModelActor, hold: ModelHold, node: Node): boolean {
  if (actor.isStoppedByItself && node !== actor.own) return false;
  return (
    isBeneath(authorityOver(hold, node), actor.account) &&
    LOWER[actor.level].includes(hold.level) &&
    actor.matters.includes(hold.matter)
  );
}

export interface Attempt {
  readonly doing: Doing;
  readonly on: Node;
  /** The new parent, or the new owner; null takes an owner away. */
  readonly to?: Node | null;
  readonly hold?: ModelHold | undefined;
  /** A field that is for an account above would change. */
  readonly isForAbove?: boolean;
  readonly isReseller?: boolean;
}

/** What the attempt is answered, as far as the right goes. */
export function judge(actor: ModelActor, { doing, on, to, hold, isForAbove, isReseller }: Attempt): Verdict {
  if (!sees(actor, on)) return 'not_found';
  const isPlatform = actor.account.parent === null;
  if (!actor.may.includes(doing) || !isBeneath(on, actor.account)) return 'forbidden';
  switch (doing) {
    case 'lift':
      return hold !== undefined && mayLift(actor, hold, on) ? 'allowed' : 'forbidden';
    case 'move':
      if (to == null || !sees(actor, to)) return 'not_found';
      return (on === actor.account && !isPlatform) || !isBeneath(to, actor.account) ? 'forbidden' : 'allowed';
    case 'transfer':
      return to == null || sees(actor, to) ? 'allowed' : 'not_found';
    case 'update':
      return isForAbove === true && on === actor.account && !isPlatform ? 'forbidden' : 'allowed';
    case 'create':
      return isReseller === true && actor.level !== 'platform' ? 'forbidden' : 'allowed';
    case 'place':
    case 'close':
      return 'allowed';
  }
}

/** A node in words, for the story of what went wrong. */
export function tell(node: Node): string {
  const word = node.kind === 'account' ? levelOf(node) : node.kind;
  const owner = node.owner === null ? '' : ` owned by ${node.owner.id}`;
  return `${word} ${node.id}${node.parent === null ? '' : ` in ${node.parent.id}`}${owner}${node.isClosed ? ' (closed)' : ''}`;
}

export function tellHold(hold: ModelHold): string {
  return `a hold of the ${hold.level} about ${hold.matter} for ${hold.by?.id ?? 'nobody'}`;
}
