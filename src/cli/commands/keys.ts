/** `keys`: keys with which programs act for a login. A key is printed once, when it is made. */
import type { Command } from 'commander';
import type { KeyView } from '#cli/api-types.ts';
import { loginPath } from '#cli/commands/logins.ts';
import { tableLines } from '#cli/render/table.ts';
import { timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';
import { listArgument } from '#cli/list-argument.ts';
import { readTime } from '#cli/time-argument.ts';

interface AddOptions {
  readonly scopes?: string[];
  readonly expires?: string;
  readonly quiet?: true;
}

export function addKeys(program: Command, surroundings: Surroundings): void {
  const keys = program
    .command('keys')
    .helpGroup('Access:')
    .summary('list and manage the keys of a login')
    .description('Keys let programs act for a login, without its password.')
    .addHelpText(
      'afterAll',
      '\nExample: abeyance keys add proxy@bakkerij-jansen.example proxy-1 --scopes decision:ask --expires 90d --quiet > proxy.key',
    );
  keys
    .command('list', { isDefault: true })
    .description('Lists the keys of a login.')
    .argument('<login>', 'its name or id')
    .action(remote(surroundings, listKeys));
  keys
    .command('add')
    .description('Makes a key and prints it, this once.')
    .argument('<login>', 'its name or id')
    .argument('<name>', 'what the key is for')
    .option('--scopes <patterns>', 'narrow the role of its login to these: decision:ask,entity:read', listArgument)
    .option('--expires <time>', 'when it counts no more: 2026-12-01, 90d; absent: never')
    .option('-q, --quiet', 'print the key and nothing else')
    .action(remote<AddOptions>(surroundings, addKey));
  keys
    .command('remove')
    .description('Removes a key: it counts no more, at once.')
    .argument('<key>', 'the id of the key')
    .action(remote(surroundings, removeKey));
}

async function listKeys(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const keys = await client.listAll<KeyView>(loginPath(argumentAt(args, 0), '/keys'));
  session.show(keys, () => {
    const lines = tableLines(
      keys,
      [
        { title: 'name', cell: (key) => key.name },
        { title: 'scopes', cell: (key) => key.scopes?.join(', ') ?? 'all of its role' },
        { title: 'expires', cell: (key) => (key.expiresAt === null ? 'never' : timeText(key.expiresAt)) },
        { title: 'last used', cell: (key) => (key.lastUsedAt === null ? '-' : timeText(key.lastUsedAt)) },
        { title: 'id', cell: (key) => key.id },
      ],
      terminal.paint,
    );
    for (const line of lines) terminal.line(line);
    if (keys.length === 0) terminal.line('It has no key.');
  });
}

/** `90d` is the same as `+90d`. */
function readExpiry(text: string): string {
  return readTime(/^\d/.test(text) && /[mhdw]$/.test(text) ? `+${text}` : text, '--expires');
}

async function addKey(session: Session, args: readonly string[], options: AddOptions): Promise<void> {
  const { client, terminal } = session;
  const [login, name] = [argumentAt(args, 0), argumentAt(args, 1)];
  const key = await client.post<KeyView>(loginPath(login, '/keys'), {
    name,
    ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    ...(options.expires === undefined ? {} : { expiresAt: readExpiry(options.expires) }),
  });
  session.show(key, () => {
    if (options.quiet) return terminal.line(key.key ?? '');
    const until = key.expiresAt === null ? '' : `, until ${timeText(key.expiresAt)}`;
    terminal.line(`Made: key ${key.name} of ${login}${until}. It is shown this once:`);
    terminal.line(key.key ?? '');
    terminal.line(terminal.paint('gray', key.id));
  });
}

async function removeKey(session: Session, args: readonly string[]): Promise<void> {
  const id = argumentAt(args, 0);
  const key = await session.client.request<KeyView>('DELETE', `/v1/keys/${encodeURIComponent(id)}`);
  session.show(key, () => session.terminal.line(`Removed: key ${key.name}.`));
}
