/** What systems have to know of the tree to end what runs beneath a node, asked of the native API. */
import type { DecisionView, EntityView, ExplainView, Page } from './api-types.ts';
import { type Client, entityPath } from './client.ts';
import { ApiProblem } from './client-error.ts';
import type { KickScope } from './kick-scope.ts';
import type { KickDirectory } from './local-commands.ts';

/** Above so many zones a server forgets everything at once, so that no more names are needed. */
const ZONES_MAX = 50;
/** The largest page; more records than this are not looked through for zones of others. */
const RECORDS_MAX = 1_000;
/** The most questions of one request. */
const QUESTIONS_MAX = 1_000;
const ZONES = 'dns_zone,enum_range';
const RECORDS = 'dns_record,enum_number';

export function makeKickDirectory(client: Client, node: EntityView, scope: KickScope): KickDirectory {
  return {
    zones: () => zonesBeneath(client, node),
    usersToKick: async (live) => {
      const users = live.filter((user) => user.includes('@'));
      const denied: { user: string; decision: DecisionView }[] = [];
      for (let at = 0; at < users.length; at += QUESTIONS_MAX) {
        const batch = users.slice(at, at + QUESTIONS_MAX);
        const questions = batch.map((user) => ({ subject: `mail:${user}`, action: 'mail.read' }));
        const { answers } = await client.post<{ answers: readonly DecisionView[] }>('/v1/decisions', { questions });
        for (const [index, decision] of answers.entries())
          if (decision.effect === 'deny' && isEnded(decision, scope))
            denied.push({ user: batch[index] ?? '', decision });
      }
      const beneath: string[] = [];
      for (const { user, decision } of denied) if (await isBeneath(client, node, user, decision)) beneath.push(user);
      return beneath;
    },
  };
}

/** Whether one of the reasons is such that sessions end. */
function isEnded(decision: DecisionView, scope: KickScope): boolean {
  return decision.reasons.some(
    ({ profile, cause }) => cause !== 'hold' || (profile !== null && scope.ending.has(profile)),
  );
}

/** A reason on the node itself says so already; otherwise the chain of the mailbox does. */
async function isBeneath(client: Client, node: EntityView, user: string, decision: DecisionView): Promise<boolean> {
  if (decision.reasons.some(({ entity }) => entity === node.id)) return true;
  try {
    const { chain } = await client.get<ExplainView>(entityPath(`mail:${user}`, '/explain'));
    return chain.some(({ id }) => id === node.id);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'not_found') return false; // Gone since it was asked about.
    throw error;
  }
}

async function zonesBeneath(client: Client, node: EntityView): Promise<string[] | null> {
  const zones = await page(client, node, ZONES, ZONES_MAX + 1);
  if (zones.length > ZONES_MAX) return null;
  const known = new Set(zones.map(({ id }) => id));
  // A record may lie in a zone of somebody else, whose answers change with it.
  const records = await page(client, node, RECORDS, RECORDS_MAX);
  const others = new Set(records.map(({ parent }) => parent).filter((id) => id !== null && !known.has(id)));
  if (records.length === RECORDS_MAX || zones.length + others.size > ZONES_MAX) return null;
  for (const id of others) zones.push(await client.get<EntityView>(entityPath(String(id))));
  return zones.map(zoneName).filter((name) => name !== null);
}

/** One page is enough: whoever has more than that is not asked for names. Closed ones were answered a moment ago, too. */
async function page(client: Client, node: EntityView, kind: string, limit: number): Promise<EntityView[]> {
  const found = await client.get<Page<EntityView>>('/v1/entities', { beneath: node.id, kind, limit, closed: true });
  return [...found.items];
}

/** The name in the DNS; an ENUM range is its digits backwards (RFC 6116). */
function zoneName(zone: EntityView): string | null {
  if (zone.kind === 'dns_zone') return typeof zone['name'] === 'string' ? zone['name'] : null;
  const { prefix, tld } = zone;
  if (typeof prefix !== 'string' || typeof tld !== 'string') return null;
  return [...prefix.replaceAll(/\D/g, '')].toReversed().concat(tld).join('.');
}
