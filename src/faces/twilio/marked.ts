/** Says with a refusal what of the request Twilio tells it by. */
import { Problem, type ProblemCode } from '#core/problem.ts';

/** Does the work; a refusal of the code that fits is thrown with further facts, any other as it is. */
export async function marking<T>(
  code: ProblemCode,
  facts: (refusal: Problem) => Readonly<Record<string, unknown>> | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const more = error instanceof Problem && error.code === code ? facts(error) : null;
    if (more === null || !(error instanceof Problem)) throw error;
    const { message, errors } = error;
    throw new Problem({ code, message, errors, facts: { ...error.facts, ...more } }, error.cause);
  }
}
