/** `password`: changes the password of one's own login. */
import type { Command } from 'commander';
import type { LoginView } from '#cli/api-types.ts';
import { askNewPassword, readSecretLines } from '#cli/password-input.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface PasswordOptions {
  readonly passwordStdin?: true;
}

export function addPassword(program: Command, surroundings: Surroundings): void {
  program
    .command('password')
    .helpGroup('Access:')
    .summary('change your own password')
    .description('Changes the password of your own login; all its sessions end. Keys stay.')
    .option('--password-stdin', 'standard input has two lines: the password until now, the new one')
    .addHelpText('after', '\nExample: ABEYANCE_LOGIN=jan@bakkerij-jansen.example ABEYANCE_PASSWORD=… abeyance password')
    .action(remote<PasswordOptions>(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: PasswordOptions): Promise<void> {
  const [current, password] = options.passwordStdin
    ? await readSecretLines(session, ['the password until now', 'the new one'])
    : await askNewPassword(session, ['Password until now'], 'New password');
  const login = await session.client.request<LoginView>('PUT', '/v1/me/password', { body: { current, password } });
  session.show(login, () =>
    session.terminal.line(`The password of ${login.name} is changed; its sessions have ended.`),
  );
}
