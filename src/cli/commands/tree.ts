/** `tree`: a part of the tree with the standing of each node. */
import { type Command, Option } from 'commander';
import { KINDS } from '#core/kind.ts';
import type { EntityView, WhoAmIView } from '#cli/api-types.ts';
import { type Client, entityPath } from '#cli/client.ts';
import { ApiProblem } from '#cli/client-error.ts';
import { loadTree, type TreeRequest } from '#cli/load-tree.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { treeLines } from '#cli/render/tree-lines.ts';
import { remote, type Surroundings } from '#cli/session.ts';

interface TreeOptions {
  readonly depth: number;
  readonly limit: number;
  readonly kind?: readonly string[];
  readonly closed?: true;
}

export function addTree(program: Command, surroundings: Surroundings): void {
  program
    .command('tree')
    .helpGroup('Look:')
    .summary('show a part of the tree')
    .description('Shows an entity and what lies beneath it, each with its standing.')
    .argument('[entity]', 'UUID, number or identifier; absent: the platform, or your own account')
    .option('--depth <levels>', 'how many levels beneath it', wholeNumber(0, 100), 2)
    .option('--limit <number>', 'how many children of one kind to show beneath each node', wholeNumber(1, 100_000), 20)
    .addOption(new Option('--kind <kind...>', 'show accounts and these kinds only').choices(KINDS))
    .option('--closed', 'show closed ones too')
    .addHelpText('after', '\nExample: abeyance tree ref:R-1 --depth 3')
    .action(
      remote<TreeOptions>(surroundings, async (session, args, options) => {
        const request: TreeRequest = {
          depth: options.depth,
          limit: options.limit,
          kinds: options.kind ?? null,
          withClosed: options.closed === true,
        };
        const root = await loadTree(session.client, args[0] ?? (await topOf(session.client)), request);
        session.show(root, () => {
          for (const line of treeLines(root, session.terminal.paint)) session.terminal.line(line);
        });
      }),
    );
}

/** The platform for who may see it, else the account that the caller acts as. */
async function topOf(client: Client): Promise<string> {
  const top = await client.get<EntityView>(entityPath('platform')).catch((error: unknown) => {
    if (error instanceof ApiProblem && error.code === 'not_found') return null;
    throw error;
  });
  return top === null ? ((await client.get<WhoAmIView>('/v1/me')).actsAs ?? 'platform') : 'platform';
}
