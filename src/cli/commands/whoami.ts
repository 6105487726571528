/** `whoami`: who asks, as which account, and what may be done. */
import type { Command } from 'commander';
import type { WhoAmIView } from '#cli/api-types.ts';
import { callerName } from '#cli/render/caller-name.ts';
import { pairLines } from '#cli/render/table.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

export function addWhoami(program: Command, surroundings: Surroundings): void {
  program
    .command('whoami')
    .helpGroup('Access:')
    .summary('show who you are and what you may do')
    .description('Shows the login behind the credential, the account that it acts as, and its permissions there.')
    .addHelpText('after', '\nExample: abeyance whoami --as ref:C-1001')
    .action(remote(surroundings, run));
}

async function run({ client, terminal, show }: Session): Promise<void> {
  const me = await client.get<WhoAmIView>('/v1/me');
  show(me, () => {
    const pairs: [string, string][] = [['who', callerName(me)]];
    if (me.login !== null) pairs.push(['login', me.login]);
    pairs.push(['account', me.account ?? '-']);
    if (me.actsAs !== me.account) pairs.push(['acts as', me.actsAs ?? '-']);
    pairs.push(['level', me.level], ['decides over', me.subject], ['may', me.permissions.join(', ') || 'nothing']);
    for (const line of pairLines(pairs)) terminal.line(line);
    if (me.heldByItself) terminal.line('Your account is held by its own hold: you may look, and lift that.');
  });
}
