/** Random steps of a history of the reconciler: what people want, what systems do wrong, and what is waited for. */
import type { Knobs } from '#systems/simulator.ts';

import { pick } from '../../scripts/random.ts';

const WEIGHTS = {
  hold: 22,
  lift: 18,
  move: 8,
  create: 6,
  close: 2,
  profile: 5,
  pause: 4,
  resume: 4,
  drop: 1,
  add: 2,
  fault: 18,
  calm: 10,
  wait: 22,
} as const;

export type StepType = keyof typeof WEIGHTS;

export interface Step {
  readonly type: StepType;
  /** From 0 up to 1; they choose among what there is when the step is carried out. */
  readonly dice: readonly [number, number, number];
}

const STEPS_MIN = 6;
const STEPS_MAX = 14;
const TOTAL = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);

export function randomSteps(random: () => number): Step[] {
  const count = STEPS_MIN + Math.floor(random() * (STEPS_MAX - STEPS_MIN + 1));
  return Array.from({ length: count }, () => ({
    type: randomType(random()),
    dice: [random(), random(), random()],
  }));
}

function randomType(number: number): StepType {
  let left = number * TOTAL;
  for (const [type, weight] of Object.entries(WEIGHTS)) {
    left -= weight;
    if (left < 0) return type as StepType; // A key of the table.
  }
  return 'hold';
}

/** What a system can do wrong, and how bad. */
export type Fault =
  | 'none'
  | 'refuses'
  | 'refuses for good'
  | 'loses requests'
  | 'loses replies'
  | 'late'
  | 'slow'
  | 'down';

const FAULTS: readonly Fault[] = [
  'none',
  'none',
  'refuses',
  'refuses for good',
  'loses requests',
  'loses replies',
  'loses replies',
  'late',
  'late',
  'slow',
  'down',
];

export const WELL: Omit<Knobs, 'random'> = {
  latencyMs: 0,
  isDown: false,
  refuse: 0,
  loseRequest: 0,
  loseReply: 0,
  late: 0,
  lateMs: 0,
};

export function faultOf([a]: Step['dice']): Fault {
  return pick(FAULTS, a);
}

/** The knobs of a fault; flapping comes from one fault after another. */
export function knobsOf(fault: Fault, [, b, c]: Step['dice']): Omit<Knobs, 'random'> {
  const share = 0.3 + 0.7 * b;
  switch (fault) {
    case 'refuses':
    case 'refuses for good':
      return { ...WELL, refuse: share };
    case 'loses requests':
      return { ...WELL, loseRequest: share };
    case 'loses replies':
      return { ...WELL, loseReply: share };
    case 'late':
      return { ...WELL, late: share, lateMs: 1 + Math.floor(60 * c) };
    case 'slow':
      return { ...WELL, latencyMs: 5 + Math.floor(60 * c) };
    case 'down':
      return { ...WELL, isDown: true };
    default:
      return WELL;
  }
}
