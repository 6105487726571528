/** The options that describe a hold, shared by `suspend` and `plan`, and the body that they make. */
import { type Command, Option } from 'commander';
import { AUTHORITIES, SUBJECTS } from '#core/authority.ts';
import { UsageError } from './exit-code.ts';
import { readTime } from './time-argument.ts';

export interface HoldOptions {
  readonly profile?: string;
  readonly note?: string;
  readonly starts?: string;
  readonly ends?: string;
  readonly review?: string;
  readonly ref?: string;
  readonly source?: string;
  readonly authority?: string;
  readonly subject?: string;
}

/** The body of a hold as the API takes it; what was not said is not in it. */
export type HoldBody = { readonly profile: string } & Readonly<Record<string, string>>;

const DEFAULT_PROFILE = 'suspended';

/** Adds the options to a command. */
export function addHoldOptions(command: Command): Command {
  return command
    .option('--profile <name>', `profile of the hold (${DEFAULT_PROFILE})`)
    .option('--note <text>', 'why; it is shown to whoever asks')
    .option('--starts <time>', 'when it begins: 2026-12-01, "2026-12-01 18:00", +2h; absent: now')
    .option('--ends <time>', 'when it ends by itself; absent: when it is lifted')
    .option('--review <time>', 'when somebody should look at it again')
    .option('--ref <text>', 'reference in your own system, such as an invoice')
    .option('--source <name>', 'which system places it; the same hold of the same source is placed once')
    .addOption(new Option('--authority <name>', 'with whose authority').choices(AUTHORITIES))
    .addOption(new Option('--subject <word>', 'what it is about; absent: as your role').choices(SUBJECTS));
}

/** Reads the options. Throws `UsageError` for times that are none or run backwards. */
export function readHold(options: HoldOptions): HoldBody {
  const startsAt = options.starts === undefined ? undefined : readTime(options.starts, '--starts');
  const endsAt = options.ends === undefined ? undefined : readTime(options.ends, '--ends');
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt)
    throw new UsageError('--ends must be later than --starts');
  const given = {
    note: options.note,
    startsAt,
    endsAt,
    reviewAt: options.review === undefined ? undefined : readTime(options.review, '--review'),
    externalRef: options.ref,
    source: options.source,
    authority: options.authority,
    subject: options.subject,
  };
  const members = Object.entries(given).filter((member): member is [string, string] => member[1] !== undefined);
  return { profile: options.profile ?? DEFAULT_PROFILE, ...Object.fromEntries(members) };
}
