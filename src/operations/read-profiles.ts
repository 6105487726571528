/** Reads profiles. */
import { type OperationContext, reader } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import { type Profile, findProfile, listProfiles as listRows } from '#store/profile.ts';

export function listProfiles(context: OperationContext): Promise<Profile[]> {
  return listRows(reader(context));
}

/** Throws `not_found`. */
export async function getProfile(context: OperationContext, name: string): Promise<Profile> {
  const profile = await findProfile(reader(context), name);
  if (profile === null) throw notFound(`profile ${name}`);
  return profile;
}
