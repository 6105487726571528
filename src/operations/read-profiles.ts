/** Reads profiles. */
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import { type Profile, findProfile, listProfiles as listRows } from '#store/profile.ts';

export async function listProfiles(context: OperationContext, actor: Actor): Promise<Profile[]> {
  requirePermission(actor, 'profile:read');
  return listRows(reader(context));
}

/** Throws `not_found`. */
export async function getProfile(context: OperationContext, actor: Actor, name: string): Promise<Profile> {
  const profile = await findProfile(reader(context), name);
  if (profile === null) throw notFound(`profile ${name}`);
  requirePermission(actor, 'profile:read');
  return profile;
}
