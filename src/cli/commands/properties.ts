/** `properties`: named values of an account, each with the level that may change it. */
import { type Command, Option } from 'commander';
import { PROPERTY_PERMISSIONS } from '#core/property.ts';
import type { PropertyView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { tableLines } from '#cli/render/table.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface SetOptions {
  readonly permission?: string;
  readonly category?: string;
}

export function addProperties(program: Command, surroundings: Surroundings): void {
  const properties = program
    .command('properties')
    .helpGroup('Data:')
    .summary('list and set the properties of an account')
    .description('Properties are named values of an account, each with the level that may change it.')
    .addHelpText('afterAll', '\nExample: abeyance properties set ref:C-1001 pstn_access=1 colour=red');
  properties
    .command('list', { isDefault: true })
    .description('Lists the properties of an account, and whether they take effect.')
    .argument('<account>', 'UUID, number or identifier')
    .action(remote(surroundings, listProperties));
  properties
    .command('set')
    .description('Sets the properties that are named and leaves the others.')
    .argument('<account>', 'UUID, number or identifier')
    .argument('<name=value...>', 'name and value')
    .addOption(new Option('--permission <level>', 'who may change them from now on').choices(PROPERTY_PERMISSIONS))
    .option('--category <word>', 'category of them')
    .action(remote<SetOptions>(surroundings, setProperties));
  properties
    .command('unset')
    .description('Removes the properties that are named.')
    .argument('<account>', 'UUID, number or identifier')
    .argument('<name...>', 'names')
    .action(
      remote(surroundings, (session, args) =>
        change(
          session,
          args,
          args.slice(1).map((name) => ({ name, value: null })),
        ),
      ),
    );
}

function propertiesPath(args: readonly string[]): string {
  return entityPath(argumentAt(args, 0), '/properties');
}

async function listProperties(session: Session, args: readonly string[]): Promise<void> {
  const { items } = await session.client.get<{ items: PropertyView[] }>(propertiesPath(args));
  showProperties(session, items);
}

async function setProperties(session: Session, args: readonly string[], options: SetOptions): Promise<void> {
  const { permission, category } = options;
  const more = { ...(permission === undefined ? {} : { permission }), ...(category === undefined ? {} : { category }) };
  await change(
    session,
    args,
    args.slice(1).map((pair) => ({ ...readPair(pair), ...more })),
  );
}

function readPair(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`properties are given as name=value, not "${pair}"`);
  return { name: pair.slice(0, at), value: pair.slice(at + 1) };
}

async function change(session: Session, args: readonly string[], properties: readonly object[]): Promise<void> {
  const { items } = await session.client.request<{ items: PropertyView[] }>('PATCH', propertiesPath(args), {
    body: { properties },
  });
  showProperties(session, items);
}

function showProperties(session: Session, items: readonly PropertyView[]): void {
  const { terminal } = session;
  session.show(items, () => {
    const lines = tableLines(
      items,
      [
        { title: 'name', cell: (property) => property.name },
        { title: 'value', cell: (property) => property.value },
        { title: 'category', cell: (property) => property.category },
        { title: 'permission', cell: (property) => property.permission },
        { title: 'takes effect', cell: (property) => (property.effective ? 'yes' : terminal.paint('yellow', 'no')) },
        { title: 'yours to change', cell: (property) => (property.writable ? 'yes' : 'no') },
      ],
      terminal.paint,
    );
    for (const line of lines) terminal.line(line);
    if (items.length === 0) terminal.line('It has no properties.');
  });
}
