/**
 * Work with permissions that the actor's role on the account APIs does not imply. There each kind of resource is judged by
 * itself, and what is asked for may need another verb than what it comes to: deleting an application is modifying there.
 */
import { matchPatterns } from '#core/permission.ts';
import type { Work } from '#operations/perform.ts';

/** The same work, in which the actor may also close. It still reaches no further than its account. */
export function mayClose(work: Work): Work {
  const { actor } = work;
  return { ...work, actor: { ...actor, permissions: actor.permissions | matchPatterns(['entity:close']) } };
}

/**
 * The same work, in which the actor also sees the domain of its organization, which may lie with an account above. Whoever
 * calls it has judged all else that the input names, and gives no field that is for the platform alone.
 */
export function seesOrganization(work: Work): Work {
  return { ...work, actor: { ...work.actor, accountId: 0 } };
}
