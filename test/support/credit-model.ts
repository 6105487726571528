/**
 * What credits should do, in memory and counted from scratch: who is charged, who has room, which request is refused.
 */
import { CREDIT_KINDS, CREDITS, type Credit, type CustomerCreditDefault, creditOf, limitOf } from '#core/credit.ts';
import type { Kind } from '#core/kind.ts';

export interface CreditNode {
  readonly uuid: string;
  readonly kind: Kind;
  parent: CreditNode | null;
  isClosed: boolean;
  readonly isReseller: boolean;
  readonly grants: Map<Credit, number>;
  /** What distinguishes its name from others of its kind. */
  readonly name: string;
}

export interface Excess {
  readonly ancestor: string;
  readonly credit: Credit;
  readonly limit: number;
  readonly used: number;
  readonly wanted: number;
}

/** What is foreseen: done, or the code of the refusal, with everything that would exceed a limit at the nearest account. */
export type Verdict =
  | { readonly code: null }
  | { readonly code: 'closed' }
  | { readonly code: 'over_credit'; readonly excesses: readonly Excess[] };

const DONE: Verdict = { code: null };

export class CreditModel {
  readonly nodes: CreditNode[] = [];
  readonly #customerDefault: CustomerCreditDefault;

  constructor(customerDefault: CustomerCreditDefault) {
    this.#customerDefault = customerDefault;
  }

  /** Judges a creation beneath the node, and adds it when it is possible. The platform is null. */
  create(node: Omit<CreditNode, 'isClosed' | 'grants'>): Verdict {
    if (node.parent !== null && isClosed(node.parent)) return { code: 'closed' };
    const credit = creditOf(node.kind);
    if (credit !== null) {
      const excesses = this.#excesses(accountLine(node.parent), new Map([[credit, 1]]));
      if (excesses.length > 0) return { code: 'over_credit', excesses };
    }
    this.nodes.push({ ...node, isClosed: false, grants: new Map() });
    return DONE;
  }

  move(node: CreditNode, to: CreditNode | null): Verdict {
    if (isClosed(node) || (to !== null && isClosed(to))) return { code: 'closed' };
    const former = new Set(accountLine(node.parent));
    const added = accountLine(to).filter((account) => !former.has(account));
    const excesses = this.#excesses(added, this.#weightOf(node));
    if (excesses.length > 0) return { code: 'over_credit', excesses };
    node.parent = to;
    return DONE;
  }

  close(node: CreditNode): Verdict {
    node.isClosed = true;
    return DONE;
  }

  grant(node: CreditNode, credit: Credit, granted: number | null): Verdict {
    if (isClosed(node)) return { code: 'closed' };
    if (granted === null) node.grants.delete(credit);
    else node.grants.set(credit, granted);
    return DONE;
  }

  limitOf(account: CreditNode, credit: Credit): number | null {
    return limitOf(account.grants.get(credit) ?? null, account.isReseller, this.#customerDefault);
  }

  /** Every use that is not zero, by `uuid credit`, counted from each thing upwards to the nearest closed account. */
  count(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const node of this.nodes)
      for (const account of chargedBy(node)) {
        const key = `${account.uuid} ${creditOf(node.kind)}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    return counts;
  }

  #excesses(line: readonly CreditNode[], wanted: ReadonlyMap<Credit, number>): Excess[] {
    const counts = this.count();
    for (const account of line) {
      const excesses = CREDITS.flatMap((credit): Excess[] => {
        const more = wanted.get(credit) ?? 0;
        const used = counts.get(`${account.uuid} ${credit}`) ?? 0;
        const limit = this.limitOf(account, credit);
        if (more === 0 || limit === null || used + more <= limit) return [];
        return [{ ancestor: account.uuid, credit, limit, used, wanted: more }];
      });
      if (excesses.length > 0) return excesses;
    }
    return [];
  }

  /** How many open things of each kind a node is with everything beneath. */
  #weightOf(node: CreditNode): Map<Credit, number> {
    const weight = new Map<Credit, number>();
    for (const credit of CREDITS) {
      const kind = CREDIT_KINDS[credit];
      const count = this.nodes.filter(
        (one) => one.kind === kind && !isClosed(one) && lineOf(one).includes(node),
      ).length;
      if (count > 0) weight.set(credit, count);
    }
    return weight;
  }
}

/** The node and what contains it, upwards. */
function lineOf(node: CreditNode | null): CreditNode[] {
  const line: CreditNode[] = [];
  for (let here = node; here !== null; here = here.parent) line.push(here);
  return line;
}

/** The accounts from a node upwards, itself included. */
export function accountLine(node: CreditNode | null): CreditNode[] {
  return lineOf(node).filter((one) => one.kind === 'account');
}

export function isClosed(node: CreditNode): boolean {
  return lineOf(node).some((one) => one.isClosed);
}

/** Who a thing counts with now. What was closed alone counts with nobody, what was closed with an account still does there. */
function chargedBy(node: CreditNode): CreditNode[] {
  if (creditOf(node.kind) === null || node.isClosed) return [];
  const charged: CreditNode[] = [];
  for (const above of lineOf(node.parent)) {
    if (above.kind === 'account') charged.push(above);
    if (above.isClosed) break;
  }
  return charged;
}
