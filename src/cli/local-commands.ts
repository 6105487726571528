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
}
