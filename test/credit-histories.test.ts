/**
 * Random histories of credits against a model that counts from scratch: after every request the books are those of the
 * model, and what is refused is exactly what the model foresees.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { CREDITS, type Credit, type CustomerCreditDefault } from '#core/credit.ts';
import { LEAF_KINDS, type Kind, PARENT_KINDS } from '#core/kind.ts';
import { Problem } from '#core/problem.ts';
import { closeEntity } from '#operations/close-entity.ts';
import type { OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { putCredits } from '#operations/put-credits.ts';
import { type BulkItem, type BulkOutcome, runBulk } from '#operations/run-bulk.ts';
import { listWrongCredits } from '#store/credit.ts';
import { CreditModel, type CreditNode, type Verdict, accountLine, isClosed } from '#test/credit-model.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';

import { makeRandom, pick } from '../scripts/random.ts';

/** Players at once, each with a database of its own: while one waits for it, another goes on. */
const PLAYERS = 3;
const WORLDS_EACH = 12;
const REQUESTS = 70;
const BULK_MAX = 12;
const ACCOUNT_DEPTH = 6;
const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const CREATED: readonly Kind[] = [
  'account',
  'account',
  'account',
  'sip_domain',
  'sip_account',
  'sip_account',
  'sip_account',
  'sip_alias',
  'phone_number',
  'application',
  'dns_zone',
  'mailbox',
  'enum_range',
  'enum_number',
  'trusted_peer',
  'foreign',
];
/** Their names do not depend on what contains them, or can change with it. */
const MOVED: ReadonlySet<Kind> = new Set([
  'account',
  'sip_domain',
  'sip_account',
  'phone_number',
  'application',
  'dns_zone',
  'enum_range',
  'trusted_peer',
]);

let made = 0;

/** The fields that a name means for the kind. */
function fieldsOf(kind: Kind, name: string, parent: CreditNode | null): Record<string, unknown> {
  switch (kind) {
    case 'account':
      return { name };
    case 'sip_domain':
      return { domain: `d${name}.example` };
    case 'sip_account':
      return { username: `u${name}` };
    case 'sip_alias':
      return { username: `a${name}`, targetUri: 'sip:box@elsewhere.example' };
    case 'phone_number':
      return { e164: `+3120${name}` };
    case 'application':
      return { name };
    case 'dns_zone':
      return { name: `z${name}.example` };
    case 'mailbox':
      return {
        address: `m@${parent?.kind === 'dns_zone' ? `z${parent.name}` : `x${name}`}.example`.replace('m@', `m${name}@`),
      };
    case 'enum_range':
      return { prefix: name };
    case 'enum_number':
      return { digits: `${parent?.name}${name.slice(-4)}` };
    case 'trusted_peer':
      return { host: `h${name}.example` };
    default:
      return { system: 'office', externalReference: name };
  }
}

/** One step: what is asked, as a bulk item, and what the model says of it. */
interface Step {
  readonly item: BulkItem;
  readonly judge: () => Verdict;
}

function nextStep(model: CreditModel, random: () => number): Step | null {
  const what = random();
  if (what < 0.62) return creation(model, random);
  if (what < 0.76) return movement(model, random);
  if (what < 0.84) {
    // Most things stay, so that there is something to charge.
    const node = pick(model.nodes, random());
    if (node.kind === 'account' && accountLine(node).length < 3 && random() < 0.9) return null;
    return { item: { op: 'close', entity: node.uuid }, judge: () => model.close(node) };
  }
  const node = pick(
    model.nodes.filter((one) => one.kind === 'account'),
    random(),
  );
  const credit: Credit = pick(CREDITS, random() ** 2);
  const granted = random() < 0.15 ? null : Math.floor(random() * 9);
  return {
    item: { op: 'credits', entity: node.uuid, body: { [credit]: granted } },
    judge: () => model.grant(node, credit, granted),
  };
}

function creation(model: CreditModel, random: () => number): Step | null {
  const kind = pick(CREATED, random());
  const parents = model.nodes.filter(
    (node) =>
      PARENT_KINDS[kind].includes(node.kind) &&
      !(kind === 'foreign' && node.kind === 'foreign') &&
      !(kind === 'account' && accountLine(node).length >= ACCOUNT_DEPTH),
  );
  if (parents.length === 0) return null;
  const parent = pick(parents, random());
  made++;
  // A name that something closed had is taken over at times.
  const closed = model.nodes.filter(
    (node) => node.kind === kind && LEAF_KINDS.has(kind) && isClosed(node) && node.parent === parent,
  );
  const taken = model.nodes.filter((node) => !isClosed(node) && node.kind === kind);
  const former = closed.find((node) => !taken.some((other) => other.name === node.name));
  const name =
    former !== undefined && kind !== 'trusted_peer' && random() < 0.5 ? former.name : String(2_000_000 + made);
  const uuid = randomUUID();
  const isReseller = kind === 'account' && random() < 0.4;
  return {
    item: {
      op: 'create',
      body: {
        kind,
        id: uuid,
        parent: parent.uuid,
        ...fieldsOf(kind, name, parent),
        ...(kind === 'account' ? { reseller: isReseller } : {}),
      },
    },
    judge: () => model.create({ uuid, kind, parent, isReseller, name }),
  };
}

function movement(model: CreditModel, random: () => number): Step | null {
  const nodes = model.nodes.filter((node) => MOVED.has(node.kind) && node.parent !== null);
  if (nodes.length === 0) return null;
  const node = pick(nodes, random());
  const height =
    Math.max(...model.nodes.filter((one) => accountLine(one).includes(node)).map((one) => accountLine(one).length), 0) -
    accountLine(node).length;
  const targets = model.nodes.filter(
    (to) =>
      PARENT_KINDS[node.kind].includes(to.kind) &&
      !accountLine(to).includes(node) &&
      !(node.kind === 'account' && accountLine(to).length + 1 + height > ACCOUNT_DEPTH),
  );
  if (targets.length === 0) return null;
  const to = pick(targets, random());
  return { item: { op: 'move', entity: node.uuid, body: { parent: to.uuid } }, judge: () => model.move(node, to) };
}

/** Does one item as a request of its own. */
async function request(context: OperationContext, { op, entity = '', body = {} }: BulkItem): Promise<BulkOutcome> {
  try {
    if (op === 'create') await createEntity(context, ADMIN, body);
    else if (op === 'move') await moveEntity(context, ADMIN, entity, body['parent']);
    else if (op === 'close') await closeEntity(context, ADMIN, entity);
    else await putCredits(context, ADMIN, entity, body);
    return { ok: true, isNew: false, body: null };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, problem: error };
    throw error;
  }
}

function compareOutcome(outcome: BulkOutcome | undefined, verdict: Verdict, step: Step): void {
  const told = JSON.stringify(step.item);
  if (outcome === undefined || outcome.ok) {
    assert.equal(null, verdict.code, `done, and foreseen was another: ${told}`);
    return;
  }
  const { code, facts, message } = outcome.problem;
  assert.equal(code, verdict.code, `${message}: ${told}`);
  if (verdict.code !== 'over_credit') return;
  const { ancestor, credit, limit, used, wanted } = facts;
  assert.ok(
    verdict.excesses.some(
      (one) =>
        one.ancestor === ancestor &&
        one.credit === credit &&
        one.limit === limit &&
        one.used === used &&
        one.wanted === wanted,
    ),
    `${JSON.stringify(facts)} is none of ${JSON.stringify(verdict.excesses)}: ${told}`,
  );
}

async function compareBooks(here: Installation, model: CreditModel): Promise<void> {
  const { rows } = await here.pool.query<{ key: string; used: number }>(
    `select e.uuid || ' ' || c.credit as key, c.used from credit c join entity e on e.id = c.account_id
      where e.uuid = any ($1) and c.used <> 0`,
    [model.nodes.filter((node) => node.kind === 'account').map((node) => node.uuid)],
  );
  const inOrder = (entries: Iterable<readonly [string, number]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(inOrder(rows.map(({ key, used }) => [key, used] as const)), inOrder(model.count()));
}

test('after every step of a random history the use is what a count from scratch gives, and refusals are those foreseen', async (t) => {
  t.diagnostic(`ABEYANCE_TEST_SEED=${seed}`);
  const tally = { steps: 0, done: 0, closed: 0, over_credit: 0 };
  await Promise.all(Array.from({ length: PLAYERS }, (_, player) => play(makeRandom(seed + player), tally)));
  t.diagnostic(JSON.stringify(tally));
  assert.ok(tally.over_credit > tally.steps / 50 && tally.done > tally.steps / 3, 'both ends are met');
});

async function play(
  random: () => number,
  tally: Record<'steps' | 'done' | 'closed' | 'over_credit', number>,
): Promise<void> {
  const here = await testInstallation(
    { after: (work) => after(work) },
    { guardLimit: 1_000_000_000, numberQuarantineDays: 0 },
  );
  await here.context.engine.stop(); // Nobody asks it here.
  for (let world = 0; world < WORLDS_EACH; world++) {
    const customerCreditDefault: CustomerCreditDefault = world % 3 === 2 ? 'zero' : 'unlimited';
    const context = { ...here.context, settings: { ...here.context.settings, customerCreditDefault } };
    const model = new CreditModel(customerCreditDefault);
    for (const name of ['one', 'two']) {
      const uuid = randomUUID();
      await createEntity(context, ADMIN, { kind: 'account', id: uuid, name });
      model.create({ uuid, kind: 'account', parent: null, isReseller: true, name });
    }
    for (let index = 0; index < REQUESTS; index++) {
      const size = random() < 0.5 ? 1 : 2 + Math.floor(random() * BULK_MAX);
      const steps: Step[] = [];
      const verdicts: Verdict[] = [];
      while (steps.length < size) {
        const step = nextStep(model, random);
        if (step === null) continue;
        steps.push(step);
        // Later steps of the same request see what earlier ones did.
        verdicts.push(step.judge());
      }
      const items = steps.map((step) => step.item);
      const [only] = items;
      const outcomes =
        items.length === 1 && only !== undefined
          ? [await request(context, only)]
          : (await runBulk(context, ADMIN, items, { isBrief: true })).outcomes;
      for (const [place, step] of steps.entries()) {
        const verdict = verdicts[place] ?? assert.fail('a verdict for each step');
        compareOutcome(outcomes[place], verdict, step);
        tally[verdict.code ?? 'done']++;
      }
      tally.steps += steps.length;
      await compareBooks(here, model);
    }
    assert.deepEqual(await listWrongCredits(here.session, 10), []);
  }
}
