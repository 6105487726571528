/** `logins`: who signs in for an account. Passwords are typed unseen, or come on standard input. */
import type { Command } from 'commander';
import type { LoginView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { askNewPassword, readSecretLines } from '#cli/password-input.ts';
import { tableLines } from '#cli/render/table.ts';
import { timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface ListOptions {
  readonly beneath?: true;
}

interface AddOptions {
  readonly role: string;
  readonly passwordStdin?: true;
}

interface SetOptions {
  readonly role?: string;
  readonly name?: string;
  readonly enable?: true;
  readonly disable?: true;
  /** True: asked for; false: taken away. */
  readonly password?: boolean;
  readonly passwordStdin?: true;
  /** How many entities one request on an account API may change; none: as many as the installation says. */
  readonly guardLimit?: number | 'none';
}

export function addLogins(program: Command, surroundings: Surroundings): void {
  const logins = program
    .command('logins')
    .helpGroup('Access:')
    .summary('list and manage the logins of an account')
    .description('Logins are the people and programs that act for an account.')
    .addHelpText(
      'afterAll',
      '\nExamples: abeyance logins ref:C-1001 --beneath\n          abeyance logins add ref:C-1001 jan@bakkerij-jansen.example --role administrator',
    );
  logins
    .command('list', { isDefault: true })
    .description('Lists the logins of an account.')
    .argument('<account>', 'UUID, number or identifier')
    .option('--beneath', 'those of the accounts beneath, too')
    .action(remote<ListOptions>(surroundings, listLogins));
  logins
    .command('add')
    .description('Makes a login. At a terminal its password is asked for; without one only its keys count.')
    .argument('<account>', 'UUID, number or identifier')
    .argument('<name>', 'unique on the platform, such as an e-mail address')
    .requiredOption('--role <name>', 'administrator, operator, billing, developer, auditor, or a role of the account')
    .option('--password-stdin', 'the password is the one line of standard input')
    .action(remote<AddOptions>(surroundings, addLogin));
  logins
    .command('set')
    .description('Changes a login. A new password ends its sessions.')
    .argument('<login>', 'its name or id')
    .option('--role <name>', 'another role')
    .option('--name <name>', 'another name')
    .option('--enable', 'it counts again')
    .option('--disable', 'it counts no more, and neither do its keys')
    .option('--password', 'asks for a new password')
    .option('--password-stdin', 'the new password is the one line of standard input')
    .option('--no-password', 'takes the password away: only its keys count')
    .option('--guard-limit <number>', 'how many entities one request on an account API may change; or none', readGuard)
    .action(remote<SetOptions>(surroundings, setLogin));
  logins
    .command('remove')
    .description('Removes a login with its keys and sessions.')
    .argument('<login>', 'its name or id')
    .action(remote(surroundings, removeLogin));
}

const readLimit = wholeNumber(1, 1_000_000_000);

function readGuard(text: string): number | 'none' {
  return text === 'none' ? text : readLimit(text);
}

/** The path of a login, by name or id. */
export function loginPath(login: string, rest = ''): string {
  return `/v1/logins/${encodeURIComponent(login)}${rest}`;
}

async function listLogins(session: Session, args: readonly string[], options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const path = entityPath(argumentAt(args, 0), '/logins');
  const logins = await client.listAll<LoginView>(path, options.beneath ? { beneath: true } : {});
  session.show(logins, () => {
    const lines = tableLines(
      logins,
      [
        { title: 'name', cell: (login) => login.name },
        { title: 'role', cell: (login) => login.role },
        { title: 'state', cell: (login) => (login.enabled ? 'enabled' : terminal.paint('yellow', 'disabled')) },
        { title: 'password', cell: (login) => (login.hasPassword ? 'yes' : 'none') },
        { title: 'last used', cell: (login) => (login.lastUsedAt === null ? '-' : timeText(login.lastUsedAt)) },
        ...(options.beneath ? [{ title: 'account', cell: (login: LoginView) => login.account }] : []),
        { title: 'id', cell: (login) => login.id },
      ],
      terminal.paint,
    );
    for (const line of lines) terminal.line(line);
    if (logins.length === 0) terminal.line('It has no login.');
  });
}

async function addLogin(session: Session, args: readonly string[], options: AddOptions): Promise<void> {
  const { client, terminal } = session;
  const [account, name] = [argumentAt(args, 0), argumentAt(args, 1)];
  const password = options.passwordStdin
    ? (await readSecretLines(session, ['the password']))[0]
    : terminal.canAsk
      ? (await askNewPassword(session, [], `Password of ${name} (empty: none)`))[0]
      : '';
  const body = { name, role: options.role, ...(password === '' ? {} : { password }) };
  const login = await client.post<LoginView>(entityPath(account, '/logins'), body);
  session.show(login, () => {
    terminal.line(`Made: login ${login.name}, ${login.role}${login.hasPassword ? '' : ', without a password'}.`);
    terminal.line(terminal.paint('gray', login.id));
  });
}

async function setLogin(session: Session, args: readonly string[], options: SetOptions): Promise<void> {
  const given = argumentAt(args, 0);
  if (options.enable && options.disable)
    throw new UsageError('--enable and --disable are two choices: give one of them');
  if (options.passwordStdin && options.password !== undefined)
    throw new UsageError('--password, --password-stdin and --no-password are three choices: give one of them');
  const password = await readChange(session, given, options);
  const body = {
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.enable ? { enabled: true } : options.disable ? { enabled: false } : {}),
    ...(password === undefined ? {} : { password }),
    ...(options.guardLimit === undefined
      ? {}
      : { guardLimit: options.guardLimit === 'none' ? null : options.guardLimit }),
  };
  if (Object.keys(body).length === 0) throw new UsageError('nothing is to be set; --help shows what is possible');
  const login = await session.client.request<LoginView>('PATCH', loginPath(given), { body });
  const words = [login.role, login.enabled ? 'enabled' : 'disabled', login.hasPassword ? 'with' : 'without'];
  session.show(login, () => session.terminal.line(`Set: login ${login.name}, ${words.join(', ')} a password.`));
}

async function readChange(session: Session, login: string, options: SetOptions): Promise<string | null | undefined> {
  if (options.password === false) return null;
  if (options.passwordStdin) return (await readSecretLines(session, ['the new password']))[0];
  if (options.password === undefined) return undefined;
  const [password] = await askNewPassword(session, [], `New password of ${login}`);
  if (password === '') throw new UsageError('a password must not be empty; --no-password takes it away');
  return password;
}

async function removeLogin(session: Session, args: readonly string[]): Promise<void> {
  const login = await session.client.request<LoginView>('DELETE', loginPath(argumentAt(args, 0)));
  session.show(login, () => session.terminal.line(`Removed: login ${login.name}, with its keys and sessions.`));
}
