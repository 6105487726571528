/** The matrix of the account APIs as text for people: tables by face, a line for each route, a column for each place. */
import { FACE_OUTCASTS, FACE_PLACES, FACE_ROLES, type FaceOutcast, type FacePlace } from './face-matrix-world.ts';

/** What a route answered, by its face and route: to each role in each place, and to who is refused anyway. */
export interface FaceOutcomes {
  readonly face: string;
  readonly base: string;
  readonly lines: readonly {
    readonly route: string;
    /** By `place/role`. */
    readonly roles: ReadonlyMap<string, string>;
    readonly outcasts: ReadonlyMap<FaceOutcast, string>;
  }[];
}

const HEAD = `# Who may do what on the account APIs

Written by \`UPDATE_GOLDEN=1 npm run golden\` from requests that were made, one for each route, role, place and standing.

A cell has the status, and the problem code where the request was refused. The target is the account in the path; a column
says where the account of the actor stands: *self* is the target, the *sibling* has the same parent, the *stranger* another
one. The roles: **A** Administrator, **D** Developer, **R** a role with \`RestComm:Read:*\`, **N** a role without any permission
of these APIs. A cell without letters is answered to all roles; otherwise those that are not named get
\`403 forbidden\`.

Each request is made so that it changes nothing, and nothing is there but the accounts: \`404 not_found\` of a thing under the
account, \`400 invalid\` and \`412\` are judged after the right, and mean that the request was let through. What is somebody
else's is \`403 not_found\`: those APIs tell it from what is not there (\`404 not_found\`).
`;

export function faceMatrixText(faces: readonly FaceOutcomes[]): string {
  return HEAD + faces.map(section).join('');
}

interface Line {
  readonly route: string;
  readonly cells: readonly string[];
}

function section({ face, base, lines }: FaceOutcomes): string {
  const byPlace = lines.map(({ route, roles }) => ({
    route,
    cells: FACE_PLACES.map((place) => cell(roles, place)),
  }));
  const byOutcast = lines.map(({ route, outcasts }) => ({
    route,
    cells: FACE_OUTCASTS.map((outcast) => outcasts.get(outcast) ?? 'missing'),
  }));
  return `
## ${face}

Beneath \`${base}\`.

${table(FACE_PLACES, withMethods(byPlace))}

### Whose account does not operate, and who is nobody

The target is the actor's own account.

${table(FACE_OUTCASTS, withRest(byOutcast))}
`;
}

function cell(roles: ReadonlyMap<string, string>, place: FacePlace): string {
  const byOutcome = Map.groupBy(Object.entries(FACE_ROLES), ([role]) => roles.get(`${place}/${role}`) ?? 'missing');
  const [only] = byOutcome.keys();
  if (byOutcome.size === 1 && only !== undefined) return only;
  return [...byOutcome]
    .filter(([outcome]) => outcome !== '403 forbidden')
    .map(([outcome, who]) => `${outcome} ${who.map(([, letter]) => letter).join('')}`)
    .join(', ');
}

/** Methods of one path that are answered alike share a line. */
function withMethods(lines: readonly Line[]): Line[] {
  const groups = Map.groupBy(lines, ({ route, cells }) => `${route.split(' ')[1]}|${cells.join('|')}`);
  return [...groups.values()].map((group) => ({
    route: `${group.map(({ route }) => route.split(' ')[0]).join(', ')} \`${group[0]?.route.split(' ')[1]}\``,
    cells: group[0]?.cells ?? [],
  }));
}

/** Only what is answered otherwise than most is named. */
function withRest(lines: readonly Line[]): Line[] {
  const groups = [...Map.groupBy(lines, ({ cells }) => cells.join('|')).values()];
  const most = groups.toSorted((one, other) => other.length - one.length)[0];
  return groups
    .filter((group) => group !== most)
    .map((group) => ({ route: group.map(({ route }) => `\`${route}\``).join(', '), cells: group[0]?.cells ?? [] }))
    .concat(most === undefined ? [] : [{ route: 'everything else', cells: most[0]?.cells ?? [] }]);
}

/** Columns that nothing tells apart are one. */
function table(names: readonly string[], lines: readonly Line[]): string {
  const columns = [...Map.groupBy(names.keys(), (index) => lines.map(({ cells }) => cells[index]).join('|')).values()];
  const head = `| | ${columns.map((indexes) => indexes.map((index) => names[index]).join(', ')).join(' | ')} |`;
  const rule = `| --- |${' --- |'.repeat(columns.length)}`;
  const rows = lines.map(
    ({ route, cells }) => `| ${route} | ${columns.map(([first = 0]) => cells[first]).join(' | ')} |`,
  );
  return [head, rule, ...rows].join('\n');
}
