/** Plays histories of the reconciler: makes their trees, carries out their steps, and judges how they end. */
import { setTimeout as sleep } from 'node:timers/promises';

import { runBulk } from '#operations/run-bulk.ts';
import { putProfile } from '#operations/put-profile.ts';

import { makeRandom, pick } from '../../scripts/random.ts';
import { type ModelNode, World, effectsOf, makeNode } from './history-model.ts';
import { ADMIN, type Installation } from './installation.ts';
import { act, inputOf } from './reconcile-acts.ts';
import { faultOf, knobsOf, randomSteps } from './reconcile-steps.ts';
import { BODIES, EFFECTS, type Story, type StoryProfile, type StorySystem, noteWanted } from './reconcile-story.ts';
import { type Switchboard, startSwitchboard } from './reconcile-switchboard.ts';
import { whatIsLeft } from './reconcile-judge.ts';
import { addSystem, dropSystem, pause, resume } from './reconcile-world.ts';

const SYSTEMS = 2;
/** Not told again at once: time leaps over every wait, and what is told in vain meanwhile would be most of the work. */
const PATIENT = { retryMinMs: 50, retryMaxMs: 2_000, breakerOpenMs: 500 };
/** Pauses of a history between two steps, in milliseconds: from none to so long that workers get on. */
const PAUSES_MS = [0, 0, 0, 1, 5, 20];

/** Systems by their address, of all histories that are played: drivers tell them who gave up. */
const boards = new Map<string, Switchboard>();
export const boardOf = (origin: string): Switchboard | undefined => boards.get(origin);

export async function makeStory(here: Installation, seed: number, number: number): Promise<Story> {
  const random = makeRandom(seed + number * 7_919);
  const own: StoryProfile = { name: `story_${number}`, effects: EFFECTS.full };
  await putProfile(here.context, ADMIN, own.name, BODIES.full);
  const systems: StorySystem[] = [];
  for (let n = 0; n < SYSTEMS; n++) {
    const name = `story-${number}-${n}`;
    const server = await startSwitchboard({ knobs: { random } });
    boards.set(server.simulator.origin, server.board);
    const { system } = await addSystem(here, name, server.simulator.origin, PATIENT);
    systems.push({ name, row: system, server, isPaused: false, wanted: new Map() });
  }
  return {
    name: `history ${number} of seed ${seed}`,
    number,
    steps: randomSteps(random),
    world: new World(number),
    systems,
    systemOf: new Map(),
    profiles: [
      { name: 'suspended', effects: EFFECTS.full },
      { name: 'limited', effects: effectsOf(['call.out', 'message.out', 'mail.send', 'provision'], []) },
      own,
    ],
    expected: [],
    log: [],
    findings: [],
    operations: 0,
    receipts: 0,
  };
}

/** Makes the trees of histories: an account each, some beneath it, and things in the systems. */
export async function plant(here: Installation, stories: readonly Story[], seed: number): Promise<void> {
  const random = makeRandom(seed);
  const grow = async (kind: 'account' | 'foreign', count: (story: Story) => number) => {
    const made: { story: Story; node: ModelNode; system: StorySystem }[] = [];
    for (const story of stories)
      for (let n = count(story); n > 0; n--) {
        const accounts = story.world.nodes.filter((node) => node.kind === 'account');
        const parent = accounts.length === 0 ? story.world.platform : pick(accounts, random());
        made.push({ story, node: makeNode({ kind, parent }), system: pick(story.systems, random()) });
      }
    const { outcomes } = await runBulk(
      here.context,
      ADMIN,
      made.map(({ story, node, system }) => ({ op: 'create', body: inputOf(story, node, system.name) })),
      { isBrief: true },
    );
    for (const [at, { story, node, system }] of made.entries()) {
      const outcome = outcomes[at];
      if (outcome?.ok !== true) throw new Error(`the tree was not made: ${JSON.stringify(outcome)}`);
      node.id = (outcome.body as { number: number }).number; // A view of what was created.
      story.world.add(node);
      if (kind === 'foreign') story.systemOf.set(node, system);
    }
  };
  await grow('account', () => 1);
  await grow('account', () => 1 + Math.floor(random() * 2));
  await grow('account', () => Math.floor(random() * 3));
  await grow('foreign', () => 3 + Math.floor(random() * 5));
  for (const story of stories) noteWanted(story);
}

/** Plays a history to its end; faults are left as they are then. */
export async function play(here: Installation, story: Story): Promise<void> {
  for (const step of story.steps) {
    const [a, b, c] = step.dice;
    const system = pick(story.systems, c);
    switch (step.type) {
      case 'fault': {
        const fault = faultOf(step.dice);
        const victim = pick(story.systems, (b * 10) % 1);
        Object.assign(victim.server.knobs, knobsOf(fault, step.dice));
        victim.server.refusesForGood = fault === 'refuses for good';
        story.log.push(`${victim.name}: ${fault}`);
        break;
      }
      case 'calm':
        calm(story);
        break;
      case 'pause':
        if (system.row !== null && !system.isPaused) {
          await pause(here, system.row);
          system.isPaused = true;
          story.log.push(`pause ${system.name}`);
        }
        break;
      case 'resume':
        await resumeAll(here, story);
        break;
      case 'drop':
        await drop(here, story, system);
        break;
      case 'add':
        await addDropped(here, story);
        // What happens before it has its targets is not in the receipts, though it comes out right.
        await waitForSweeps(here);
        break;
      case 'wait':
        await waitForSweeps(here);
        story.log.push('wait for the sweeps');
        await compareReceipt(here, story);
        break;
      default:
        await act(here, story, step);
    }
    await sleep(pick(PAUSES_MS, (a * 100) % 1)); // Workers get on meanwhile, or not.
  }
}

export function calm(story: Story): void {
  for (const { server } of story.systems) {
    Object.assign(server.knobs, knobsOf('none', [0, 0, 0]));
    server.refusesForGood = false;
  }
  story.log.push('all systems are well');
}

export async function resumeAll(here: Installation, story: Story): Promise<void> {
  for (const system of story.systems)
    if (system.row !== null && system.isPaused) {
      await resume(here, system.row);
      system.isPaused = false;
      story.log.push(`resume ${system.name}`);
    }
}

async function drop(here: Installation, story: Story, system: StorySystem): Promise<void> {
  if (system.row === null) return;
  await dropSystem(here, system.row);
  system.row = null;
  system.isPaused = false;
  story.expected.length = 0;
  story.log.push(`remove ${system.name}`);
}

/** Adds what was removed, with nothing in it that would be left of its former life. */
export async function addDropped(here: Installation, story: Story): Promise<void> {
  for (const system of story.systems) {
    if (system.row !== null) continue;
    await system.server.stop();
    system.server = await startSwitchboard({ knobs: { random: system.server.knobs.random } });
    boards.set(system.server.simulator.origin, system.server.board);
    system.wanted.clear();
    system.row = (await addSystem(here, system.name, system.server.simulator.origin, PATIENT)).system;
    story.expected.length = 0;
    story.log.push(`add ${system.name}`);
    noteWanted(story);
  }
}

const LOOK_AGAIN_MS = 25;
/** Only a test that hangs waits so long. */
const PATIENCE_MS = 60_000;

/** Waits until all that is committed now is read and expanded. */
export async function waitForSweeps({ pool }: Pick<Installation, 'pool'>): Promise<void> {
  const { rows } = await pool.query<{ revision: number }>('select revision from change_counter');
  const revision = rows[0]?.revision ?? 0;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rows: open } = await pool.query(
      `select from sweep_cursor where revision < $1 union all select from sweep where revision <= $1 and expanded_at is null`,
      [revision],
    );
    if (open.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`waited in vain until the sweeps up to ${revision} are expanded: ${await whatIsLeft({ pool })}`);
    await sleep(LOOK_AGAIN_MS); // Until they are, which the next look tells.
  }
}

/** Of an operation that nothing came close to, the receipt says how many targets the model finds beneath. */
async function compareReceipt({ pool }: Installation, story: Story): Promise<void> {
  const [only, ...others] = story.expected.splice(0);
  if (only === undefined || others.length > 0) return;
  const { rows } = await pool.query<{ system_id: number; targets: number }>(
    'select system_id, targets from sweep_count where revision = $1',
    [only.revision],
  );
  const told = Object.fromEntries(rows.filter(({ targets }) => targets > 0).map((row) => [row.system_id, row.targets]));
  const wanted = Object.fromEntries([...only.targets].map(([{ row }, targets]) => [row?.id ?? 0, targets]));
  story.receipts += 1;
  if (JSON.stringify(told) !== JSON.stringify(wanted))
    story.findings.push(
      `the receipt of "${only.what}" (${only.revision}) counts ${JSON.stringify(told)}, beneath are ${JSON.stringify(wanted)}`,
    );
}
