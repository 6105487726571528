/**
 * The story of one suspension, told in the terminal with real requests to a running server.
 *
 * Every sentence is checked before it is told: if the server does anything else than the story says, it throws. What is
 * left behind is one hold, on the child that was held for its own reason.
 */
import type { Applied, EntityView, ExplainView, HoldView, PlanView, StandingView } from './api-types.ts';
import { type Client, entityPath } from './client.ts';
import { beneath, chooseCast, loadWorld, observe, TELLING_ACTION } from './demo-world.ts';
import { ask, expect, type Out, revisionOf, type Stage, title } from './demo-stage.ts';
import { planLines } from './render/plan-lines.ts';
import { tableLines } from './render/table.ts';
import { whyLines } from './render/why-lines.ts';
import { countText, entitiesText, entityName, kindWord, standingWord } from './render/words.ts';

/** Tells the story. Throws `CommandFailed` at the first thing that is not as told. */
export async function playStory(client: Client, out: Out): Promise<void> {
  const world = await loadWorld(client);
  const cast = await chooseCast(client, world);
  const stage: Stage = { client, out, cast, world };
  tellTree(stage);
  const childHold = await holdChild(stage);
  await askBefore(stage);
  const before = await observe(client, await revisionOf(client));
  const hold = await suspendReseller(stage);
  await askWhileSuspended(stage);
  await tellWhy(stage, hold, childHold);
  await resumeReseller(stage, hold, childHold);
  await compare(stage, before);
}

function tellTree({ out, cast, world }: Stage): void {
  const under = beneath(world, cast.reseller);
  const customers = under.filter(({ kind, parent }) => kind === 'account' && parent === cast.reseller.id);
  title(out, `1. ${cast.reseller.label} is a reseller with ${countText(customers.length)} customers`);
  const rows = customers.map((customer) => ({ customer, kinds: countKinds(beneath(world, customer)) }));
  const kinds = [...new Set(rows.flatMap((row) => [...row.kinds.keys()]))].toSorted();
  const columns = [
    { title: 'customer', cell: (row: (typeof rows)[number]) => row.customer.label },
    ...kinds.map((kind) => ({
      title: kindWord(kind, 2),
      align: 'right' as const,
      cell: (row: (typeof rows)[number]) => String(row.kinds.get(kind) ?? '-'),
    })),
    { title: 'standing', cell: (row: (typeof rows)[number]) => standingWord(row.customer.standing, out.paint) },
  ];
  for (const line of tableLines(rows, columns, out.paint)) out.line(`  ${line}`);
  out.line(`  ${entitiesText(under.length)} in all beneath it.`);
}

async function holdChild({ client, out, cast }: Stage): Promise<HoldView> {
  title(out, `2. ${cast.child.label}, beneath one of them, does not pay its bill`);
  const hold = await client.post<HoldView>(entityPath(cast.child.id, '/holds'), {
    profile: 'bad_payer',
    note: 'invoice 4711 is overdue',
  });
  const { standing } = await client.get<StandingView>(entityPath(cast.child.id, '/standing'));
  expect(
    hold.inForce && standing === 'limited',
    `${cast.child.label} should be limited by its own hold, and is ${standing}`,
  );
  out.line(
    `  ${cast.child.label} is ${standingWord(standing, out.paint)}, for its own reason: bad_payer, invoice 4711 is overdue.`,
  );
  return hold;
}

async function askBefore(stage: Stage): Promise<void> {
  title(stage.out, '3. All the others work');
  await ask(stage, stage.cast.sipAccount, 'call.out', 'allow');
  await ask(stage, stage.cast.number, 'call.in', 'allow');
}

async function suspendReseller({ client, out, cast }: Stage): Promise<HoldView> {
  const body = { profile: 'suspended', note: 'contract ended' };
  title(out, `4. ${cast.reseller.label} is to be suspended: first the plan`);
  const plan = await client.post<PlanView>(entityPath(cast.reseller.id, '/plan'), { action: 'hold', ...body });
  for (const line of planLines(`A hold of profile ${body.profile} on ${entityName(cast.reseller)}`, plan, out.paint))
    out.line(`  ${line}`);
  const before = await loadWorld(client);
  title(out, '5. Then the deed');
  const startedMs = performance.now();
  const { result } = await client.post<Applied<HoldView>>(`/v1/plans/${plan.token}/apply`, {});
  const tookMs = performance.now() - startedMs;
  const after = await loadWorld(client);
  const under = beneath(after, cast.reseller).filter(({ standing }) => standing !== 'closed');
  const free = under.filter(({ standing }) => standing !== 'suspended' && standing !== 'closed');
  expect(
    free.length === 0,
    `all beneath ${cast.reseller.label} should be suspended, and ${free.length} are not, such as ${free[0]?.label}`,
  );
  const moved = [...after.values()].filter((entity) => before.get(entity.id)?.standing !== entity.standing);
  const inPlan = plan.effect.changing.total;
  expect(
    inPlan > 1 && moved.length === inPlan,
    `the plan promised ${inPlan} changes of standing, and there are ${moved.length}`,
  );
  const reached = new Set([cast.reseller, ...under].map(({ id }) => id));
  const stranger = moved.find(({ id }) => !reached.has(id));
  expect(stranger === undefined, `${stranger?.label} lies elsewhere and should not have changed`);
  out.line(
    `  One hold was placed, in ${tookMs.toFixed(0)} ms: ${countText(under.length)} of ${countText(under.length)} beneath ${cast.reseller.label} are ${standingWord('suspended', out.paint)}.`,
  );
  return result;
}

async function askWhileSuspended(stage: Stage): Promise<void> {
  const { out, cast } = stage;
  title(out, '6. Who asks now is refused, and told why');
  for (const entity of [cast.sipAccount, cast.number, cast.zone, cast.mailbox])
    await ask(stage, entity, TELLING_ACTION[entity.kind], 'deny');
  out.line('  Emergency calls pass:');
  await ask(stage, cast.sipAccount, 'call.out', 'allow', '112');
  out.line(`  ${cast.otherReseller.label}, the reseller next door, notices nothing:`);
  await ask(stage, cast.otherSipAccount, 'call.out', 'allow');
}

async function tellWhy({ client, out, cast }: Stage, hold: HoldView, childHold: HoldView): Promise<void> {
  title(out, `7. Why is ${cast.child.label} suspended? It has two reasons now`);
  const { chain, standing } = await client.get<ExplainView>(entityPath(cast.child.id, '/explain'));
  const holds = new Set(standing.reasons.map((reason) => reason.hold));
  expect(
    holds.has(hold.id) && holds.has(childHold.id),
    `${cast.child.label} should be held by the reseller's hold and by its own`,
  );
  for (const line of whyLines(cast.child, standing, chain, out.paint)) out.line(`  ${line}`);
}

async function resumeReseller(stage: Stage, hold: HoldView, childHold: HoldView): Promise<void> {
  const { client, out, cast } = stage;
  title(out, `8. ${cast.reseller.label} is resumed`);
  await client.request<HoldView>('DELETE', entityPath(cast.reseller.id, `/holds/${hold.id}`));
  await ask(stage, cast.sipAccount, 'call.out', 'allow');
  const { standing, reasons } = await client.get<StandingView>(entityPath(cast.child.id, '/standing'));
  expect(
    standing === 'limited' && reasons.length === 1 && reasons[0]?.hold === childHold.id,
    `${cast.child.label} should still be limited by its own hold, and is ${standing}`,
  );
  out.line(
    `  ${cast.child.label} was held before, and still is: ${standingWord(standing, out.paint)}, ${childHold.profile}, ${childHold.note}.`,
  );
}

async function compare({ client, out }: Stage, before: ReadonlyMap<string, string>): Promise<void> {
  title(out, '9. And everything is as it was');
  const after = await observe(client, await revisionOf(client));
  const same = [...before].filter(([id, observed]) => after.get(id) === observed).length;
  expect(
    same === before.size && after.size === before.size,
    `before and after should be identical, and are in ${same} of ${before.size}`,
  );
  out.line(`  ${out.paint('green', 'identical')}: ${countText(same)} of ${countText(before.size)}`);
}

function countKinds(entities: readonly EntityView[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of entities) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
