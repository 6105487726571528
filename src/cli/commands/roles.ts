/** `roles`: what logins of an account may do; the built-in ones, and those of the account and the accounts above. */
import { type Command, Option } from 'commander';
import { SUBJECTS } from '#core/authority.ts';
import type { RoleView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { listArgument } from '#cli/list-argument.ts';
import { tableLines } from '#cli/render/table.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface PutOptions {
  readonly permissions: string[];
  readonly subject?: string;
  readonly description?: string;
}

export function addRoles(program: Command, surroundings: Surroundings): void {
  const roles = program
    .command('roles')
    .helpGroup('Access:')
    .summary('list and manage the roles of an account')
    .description('Roles say what a login may do within its account. A role of an account counts beneath it, too.')
    .addHelpText(
      'afterAll',
      '\nExample: abeyance roles put ref:R-100 desk --permissions "*:read,hold:*" --subject technical --description "Help desk"',
    );
  roles
    .command('list', { isDefault: true })
    .description('Lists the roles that logins of an account can have.')
    .argument('<account>', 'UUID, number or identifier')
    .action(remote(surroundings, listRoles));
  roles
    .command('put')
    .description('Makes a role, or replaces what it says; it counts at once for all logins that have it.')
    .argument('<account>', 'UUID, number or identifier')
    .argument('<name>', 'name of the role')
    .requiredOption('--permissions <patterns>', 'resource:verb, either part may be *: hold:*,entity:read', listArgument)
    .addOption(new Option('--subject <word>', 'how high it decides over holds (wish)').choices(SUBJECTS))
    .option('--description <text>', 'what it is for')
    .action(remote<PutOptions>(surroundings, putRole));
  roles
    .command('remove')
    .description('Removes a role that no login has.')
    .argument('<account>', 'the account that made it')
    .argument('<name>', 'name of the role')
    .action(remote(surroundings, removeRole));
}

function rolePath(args: readonly string[]): string {
  return entityPath(argumentAt(args, 0), `/roles/${encodeURIComponent(argumentAt(args, 1))}`);
}

async function listRoles(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const roles = await client.listAll<RoleView>(entityPath(argumentAt(args, 0), '/roles'));
  session.show(roles, () => {
    const lines = tableLines(
      roles,
      [
        { title: 'name', cell: (role) => role.name },
        { title: 'origin', cell: (role) => (role.builtin ? 'built in' : (role.account ?? 'an account above')) },
        { title: 'decides over', cell: (role) => role.subject },
        { title: 'description', cell: (role) => role.description },
        // The permissions of the built-in ones fill pages; --json has them.
        { title: 'permissions', cell: (role) => (role.builtin ? '' : role.permissions.join(', ')) },
      ],
      terminal.paint,
    );
    for (const line of lines) terminal.line(line);
  });
}

async function putRole(session: Session, args: readonly string[], options: PutOptions): Promise<void> {
  const { permissions, subject, description } = options;
  const body = {
    permissions,
    ...(subject === undefined ? {} : { subject }),
    ...(description === undefined ? {} : { description }),
  };
  const role = await session.client.request<RoleView>('PUT', rolePath(args), { body });
  session.show(role, () =>
    session.terminal.line(`Put: role ${role.name}, decides over ${role.subject}: ${role.permissions.join(', ')}.`),
  );
}

async function removeRole(session: Session, args: readonly string[]): Promise<void> {
  const role = await session.client.request<RoleView>('DELETE', rolePath(args));
  session.show(role, () => session.terminal.line(`Removed: role ${role.name}.`));
}
