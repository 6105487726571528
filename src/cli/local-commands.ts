/**
 * What the command line cannot do as a client: the commands that work on this machine's data folder and processes.
 *
 * They are handed in by the room that wires everything, so that this one needs no other door than the native API. Each
 * ends when its work is done, handles signals itself, and throws an error whose message is fit for the user.
 */
export interface ServeOptions {
  /** Each wins over its setting in the environment when given. */
  readonly host?: string;
  readonly port?: number;
  readonly data?: string;
  readonly role?: string;
}

/** What long work on the data is given. */
export interface CopyOptions {
  readonly progress: (rowsDone: number, rowsTotal: number) => void;
  /** Aborted by Ctrl-C: what was begun is undone. */
  readonly signal: AbortSignal;
}

export interface RestoreOptions extends CopyOptions {
  readonly acceptOtherKey: boolean;
}

export interface IntegrateOptions {
  readonly server: string;
  /** The folder of the files. */
  readonly out: string;
  readonly settings: Readonly<Record<string, string>>;
  /** How the server reaches the database, where it is another way than ours. */
  readonly database: { readonly host?: string | undefined; readonly port?: number | undefined };
  readonly passwordFile?: string | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export interface IntegratedFile {
  readonly path: string;
  readonly state: 'new' | 'same' | 'differs';
  readonly secret: boolean;
  /** Lines that differ from what was there. */
  readonly differences: readonly string[];
  /** In a dry run alone, without the password. */
  readonly text?: string;
}

export interface Integrated {
  readonly server: string;
  readonly title: string;
  readonly folder: string;
  readonly role: string | null;
  readonly files: readonly IntegratedFile[];
  /** What to do next, step by step. */
  readonly next: readonly string[];
  readonly notes: readonly string[];
}

export interface IntegrationView {
  readonly server: string;
  readonly title: string;
  readonly settings: readonly { readonly name: string; readonly default: string; readonly note: string }[];
}

export type SystemKind = 'kamailio' | 'powerdns' | 'dovecot';

export interface KickOrder {
  /** The number of the node. */
  readonly node: number;
  /** What parties of a call are told, in a few words. */
  readonly reason: string;
  readonly ends: { readonly calls: boolean; readonly registrations: boolean; readonly mailSessions: boolean };
  /** Which kinds of systems are told; null: all that are configured. */
  readonly systems: readonly SystemKind[] | null;
}

/** What systems need to know of the tree. */
export interface KickDirectory {
  /** The names of the zones whose answers the node touches; null: too many to name. */
  readonly zones: () => Promise<readonly string[] | null>;
  /** Those of the users whose sessions are to end. */
  readonly usersToKick: (live: readonly string[]) => Promise<readonly string[]>;
}

export interface KickOutcome {
  readonly system: SystemKind;
  /** Where it is. */
  readonly at: string;
  /** How many of what were ended, removed or purged. */
  readonly done: Readonly<Record<string, number | 'all'>>;
  readonly problems: readonly string[];
}

export interface KickOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

export interface ChainFinding {
  readonly state: 'right' | 'doubtful' | 'wrong';
  readonly subject: string;
  readonly detail: string;
  readonly help?: string;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Servers that are asked whether they answer. */
export interface ChainProbes {
  readonly kamailio?: Place | undefined;
  readonly dns?: Place | undefined;
  readonly imap?: Place | undefined;
}

export interface LocalCommands {
  /** Runs the server until it is told to stop. */
  readonly serve: (options: ServeOptions) => Promise<void>;
  /** Runs a server on fresh data, imports the samples, tells the story; with `exit` ends after it. */
  readonly demo: (options: { readonly exit: boolean }) => Promise<void>;
  /** Writes a backup of the installation to a file; gives what is worth saying about it, line by line. */
  readonly backup: (file: string, options: CopyOptions) => Promise<readonly string[]>;
  /** Fills an empty installation from a backup; gives what is worth saying about it, line by line. */
  readonly restore: (file: string, options: RestoreOptions) => Promise<readonly string[]>;
  /** Replaces the secret key of an installation that is stopped; gives what is worth saying about it, line by line. */
  readonly rotateSecret: (options: Pick<CopyOptions, 'signal'>) => Promise<readonly string[]>;
  /** Lets a kind of server in: its role, its files, and what to do next. */
  readonly integrate: (options: IntegrateOptions) => Promise<Integrated>;
  /** The kinds of servers with what can be set for each. */
  readonly listIntegrations: () => Promise<readonly IntegrationView[]>;
  /** The kinds of systems that the environment names. */
  readonly configuredSystems: () => Promise<readonly SystemKind[]>;
  /** Tells the systems to end what runs beneath a node; one outcome for each. */
  readonly kick: (order: KickOrder, directory: KickDirectory, options: KickOptions) => Promise<readonly KickOutcome[]>;
  /** Examines what lies between this machine's database and the servers that read it. */
  readonly examineChain: (probes: ChainProbes) => Promise<readonly ChainFinding[]>;
}
