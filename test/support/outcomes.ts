/** What became of operations that ran at once: what they answered, or which problem they met. */
import { Problem, type ProblemCode } from '#core/problem.ts';
import { type Finding, verifyInstallation } from '#operations/verify-installation.ts';

import { ADMIN, type Installation } from './installation.ts';

export type Outcome<T> =
  | { readonly value: T; readonly code: null }
  | { readonly value: null; readonly code: ProblemCode };

/** The outcome of one operation. What is no problem is thrown on. */
export async function outcomeOf<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work, code: null };
  } catch (error) {
    if (error instanceof Problem) return { value: null, code: error.code };
    throw error;
  }
}

/** The codes of outcomes, `done` for success, in the order of the alphabet. */
export function codesOf(outcomes: readonly Outcome<unknown>[]): string[] {
  return outcomes.map(({ code }) => code ?? 'done').sort();
}

/** All that the verification finds wrong, after the engine has followed. */
export async function findingsOf(here: Installation): Promise<readonly Finding[]> {
  await here.follow();
  for await (const step of verifyInstallation(here.context, ADMIN)) if ('findings' in step) return step.findings;
  throw new Error('the verification ended without a result');
}

/** The kinds of all changes after a revision, which must be numbered without a gap. */
export async function changesAfter(
  { pool }: Installation,
  revision: number,
): Promise<{ kind: string; entity_id: number | null }[]> {
  const { rows } = await pool.query<{ revision: number; at: Date; kind: string; entity_id: number | null }>(
    'select revision, at, kind, entity_id from change where revision > $1 order by revision',
    [revision],
  );
  for (const [index, row] of rows.entries()) {
    if (row.revision !== revision + 1 + index) throw new Error(`revision ${revision + 1 + index} is missing`);
    const former = rows[index - 1];
    if (former !== undefined && former.at > row.at)
      throw new Error(`revision ${row.revision} is older than the one before`);
  }
  return rows;
}

export async function headOf({ pool }: Installation): Promise<number> {
  const { rows } = await pool.query<{ revision: number }>('select revision from change_counter');
  return rows[0]?.revision ?? 0;
}
