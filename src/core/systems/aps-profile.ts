/** What a profile says to APS endpoints, and which holds count as a suspension there. */
import { type ActionMask, ALL_BUT_EMERGENCY } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import type { ProfileFacts, TargetFacts } from '#core/system-kind.ts';

/** Judges `{"disable": true | false}`, the part `systems.aps` of a profile. Nothing is said about what is absent. */
export function judgeApsProfile(value: Json, errors: FieldError[]): void {
  const field = 'systems.aps';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    errors.push({ field, message: 'must be an object with disable' });
    return;
  }
  for (const name of Object.keys(value))
    if (name !== 'disable') errors.push({ field: `${field}.${name}`, message: 'is not disable, the only member' });
  const disable = disableOf(value);
  if (disable !== undefined && typeof disable !== 'boolean')
    errors.push({ field: `${field}.disable`, message: 'must be true or false' });
}

/**
 * Whether what is in force on a resource stops it as a whole: then it is disabled. APS knows no part of a service, so
 * every action but emergency calls must be denied or intercepted, by all profiles together. A profile that says
 * `disable: true` disables whatever it denies; one that says `disable: false` counts for nothing here.
 */
export function isSuspension(facts: Pick<TargetFacts, 'denied' | 'intercepted' | 'profiles'>): boolean {
  const said = (wanted: boolean) => (profile: ProfileFacts) => disableOf(profile.settings) === wanted;
  if (facts.profiles.some(said(true))) return true;
  if (!facts.profiles.some(said(false))) return coversAll(facts.denied | facts.intercepted);
  const others = facts.profiles.filter((profile) => disableOf(profile.settings) !== false);
  return coversAll(others.reduce((mask, { denied, intercepted }) => mask | denied | intercepted, 0));
}

function coversAll(mask: ActionMask): boolean {
  return (mask & ALL_BUT_EMERGENCY) === ALL_BUT_EMERGENCY;
}

function disableOf(settings: Json): Json | undefined {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return undefined;
  return (settings as { readonly [key: string]: Json })['disable']; // Narrowed to an object above.
}
