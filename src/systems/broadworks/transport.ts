/** One connection to an application server, by which one document at a time is exchanged. */
import type { OciDocument } from './document.ts';

/** Where a server is and how it is spoken to. */
export type Place =
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number }
  | { readonly transport: 'tls'; readonly host: string; readonly port: number; readonly ca: string | undefined }
  | { readonly transport: 'soap'; readonly url: URL; readonly ca: string | undefined };

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  /** False once the connection is gone: another one has to be made then. */
  readonly isAlive: boolean;
  /**
   * Sends a document and gives the answer to it. Throws `LostAnswer` when it may have been taken, `LoggedOut` when it was refused
   * for want of a log-in, and `BroadworksFailure` when it surely was not taken.
   */
  exchange(document: string, options: ExchangeOptions): Promise<OciDocument>;
  /** Gives the connection up at once. */
  close(): void;
}

/** How long a connection may take to come about. */
export const CONNECT_MS = 8_000;
