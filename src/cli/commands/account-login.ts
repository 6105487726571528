/** `account-login`: by what an account itself signs in on the account APIs. Passwords and tokens are never arguments. */
import type { Command } from 'commander';
import type { AccountLoginView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { askNewPassword, readSecretLines } from '#cli/password-input.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface SetOptions {
  readonly email?: string;
  readonly role?: string;
  readonly password?: true;
  readonly passwordStdin?: true;
  readonly newToken?: true;
}

export function addAccountLogin(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('account-login')
    .helpGroup('Access:')
    .summary("show and set an account's own login for the account APIs")
    .description(
      'An account itself signs in on the account APIs of Restcomm and Twilio: by its SID with its auth token, and by its\n' +
        'e-mail with a password, where it has them.',
    )
    .addHelpText(
      'afterAll',
      '\nExamples: abeyance account-login set platform --email root@provider.example --password\n          abeyance account-login show ref:C-1001',
    );
  command
    .command('show', { isDefault: true })
    .description('Shows the SID, the e-mail and the auth token of an account.')
    .argument('<account>', 'UUID, number or identifier')
    .action(remote(surroundings, showLogin));
  command
    .command('set')
    .description('Gives an account a login of its own, or changes it. A new password makes a new token.')
    .argument('<account>', 'UUID, number or identifier')
    .option('--email <address>', 'names the account for ever; given once')
    .option(
      '--role <word>',
      'Administrator, Developer, or a role of the account; Administrator where there is none yet',
    )
    .option('--password', 'asks for a password')
    .option('--password-stdin', 'the password is the one line of standard input')
    .option('--new-token', 'makes the token anew')
    .action(remote<SetOptions>(surroundings, setLogin));
}

async function showLogin(session: Session, args: readonly string[]): Promise<void> {
  show(session, await session.client.get<AccountLoginView>(pathOf(args)));
}

async function setLogin(session: Session, args: readonly string[], options: SetOptions): Promise<void> {
  if (options.password && options.passwordStdin)
    throw new UsageError('--password and --password-stdin are two choices: give one of them');
  const password = await readPassword(session, argumentAt(args, 0), options);
  const body = {
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(password === undefined ? {} : { password }),
    ...(options.newToken ? { newToken: true } : {}),
  };
  show(session, await session.client.request<AccountLoginView>('PUT', pathOf(args), { body }));
}

function pathOf(args: readonly string[]): string {
  return entityPath(argumentAt(args, 0), '/account-login');
}

async function readPassword(session: Session, account: string, options: SetOptions): Promise<string | undefined> {
  if (options.passwordStdin) return (await readSecretLines(session, ['the password']))[0];
  if (options.password === undefined) return undefined;
  const [password] = await askNewPassword(session, [], `New password of ${account}`);
  if (password === '') throw new UsageError('a password must not be empty');
  return password;
}

function show(session: Session, login: AccountLoginView): void {
  const { terminal } = session;
  session.show(login, () => {
    terminal.line(`SID       ${login.sid}`);
    terminal.line(`e-mail    ${login.email ?? 'none: it signs in by its SID alone'}`);
    terminal.line(`role      ${login.role}`);
    terminal.line(`password  ${login.hasPassword ? 'yes' : 'none'}`);
    terminal.line(`token     ${login.token ?? 'none'}`);
  });
}
