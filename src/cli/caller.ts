/**
 * Who asks, as headers: the credential, the account to act as, and the reason that the change log is to keep.
 *
 * Header texts are UTF-8 on the wire; `fetch` takes them byte by byte.
 */
import { UsageError } from './exit-code.ts';

/** A name with its password (RFC 7617). */
export interface LoginCredential {
  readonly name: string;
  readonly password: string;
}

export interface Caller {
  readonly token: string | null;
  /** Counts only without a token. */
  readonly login?: LoginCredential | undefined;
  readonly actAs?: string | undefined;
  readonly reason?: string | undefined;
}

// oxlint-disable-next-line no-control-regex -- a header is one line
const UNSENDABLE = /[\u0000-\u001f\u007f]/;

/** The headers of every request. Throws `UsageError` for text that no header can carry. */
export function callerHeaders({ token, login, actAs, reason }: Caller): [name: string, value: string][] {
  const headers: [string, string][] = [];
  if (token !== null) headers.push(['Authorization', `Bearer ${token}`]);
  else if (login !== undefined)
    headers.push([
      'Authorization',
      `Basic ${Buffer.from(`${login.name}:${login.password}`, 'utf8').toString('base64')}`,
    ]);
  if (actAs !== undefined) headers.push(['Abeyance-Act-As', headerText(actAs === 'platform' ? '0' : actAs, '--as')]);
  if (reason !== undefined) headers.push(['Abeyance-Reason', headerText(reason, '--reason')]);
  return headers;
}

function headerText(text: string, option: string): string {
  if (text.trim() === '' || UNSENDABLE.test(text)) throw new UsageError(`${option} must be one line of text`);
  return Buffer.from(text, 'utf8').toString('latin1');
}
