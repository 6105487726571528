/** What is said of a number on the account APIs: how it is answered, with applications by their SIDs. */
import type { Actor } from '#operations/context.ts';
import type { Session } from '#store/database.ts';

import { readApplicationSid } from './find-resource.ts';
import { MEDIA, type Medium } from './read-applications.ts';
import type { NumberView } from './read-numbers.ts';

type Addresses = 'Url' | 'Method' | 'FallbackUrl' | 'FallbackMethod';
type TextName =
  | 'friendlyName'
  | 'statusCallback'
  | 'statusCallbackMethod'
  | `${Exclude<Medium, 'refer'>}${Addresses}`
  | 'referUrl'
  | 'referMethod';
type FlagName = 'voiceCallerIdLookup' | 'voiceCapable' | 'smsCapable' | 'mmsCapable' | 'faxCapable';

/** What is absent stays as it is, null clears it. Applications are named by SID. */
export type NumberInput = Readonly<
  Partial<Record<TextName | `${Medium}Application`, string | null | undefined> & Record<FlagName, boolean | undefined>>
>;

/**
 * The fields of a number as creation and update take them; `present` is the number that is updated. Throws `invalid` for an
 * application that is not there.
 */
export async function numberFields(
  session: Session,
  actor: Actor,
  input: NumberInput,
  present: NumberView | null = null,
): Promise<Record<string, string | boolean | null>> {
  const fields: Record<string, string | boolean | null> = {};
  for (const [name, value] of Object.entries(input)) if (value !== undefined) fields[name] = value;
  for (const medium of MEDIA) {
    const name = `${medium}Application` as const;
    const answering = present?.answering[medium].application?.uuid;
    const uuid = await readApplicationSid(session, actor, name, input[name], answering);
    if (uuid === undefined) delete fields[name];
    else fields[name] = uuid;
  }
  return fields;
}
