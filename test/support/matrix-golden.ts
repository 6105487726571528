/** The permission matrix as text for people: a table for each standing, a cell for each operation and place. */
import { MATRIX } from './matrix-routes.ts';
import { PLACES, type Place, STANDINGS, type StandingName, rolesIn } from './matrix-cast.ts';

/** The outcome by `standing/place/role/operation`. */
export type Outcomes = Map<string, string>;

const LETTERS = { administrator: 'A', operator: 'O', billing: 'B', developer: 'D', auditor: 'R', desk: 'C' } as const;

const HEAD = `# Who may do what

Written by \`UPDATE_GOLDEN=1 npm run golden\` from requests that were made, one for each operation, role, place and standing.

A cell says what an actor is answered. \`ok\` alone: whatever its role. \`ok AO\`: with these roles; the other roles are
\`forbidden\` unless another word follows. The roles: **A** administrator, **O** operator, **B** billing, **D** developer,
**R** auditor (reads), and **C**, a role of the platform's own making with \`entity:read\`, \`hold:*\`, \`login:read\`, \`key:*\`
and \`property:write\`, which decides over \`general\`.

The target is a customer's account. A column says where the actor's account stands: the *grandparent* is a reseller, the
*parent* a customer, *self* is the target, the *sibling* another account of the parent, the *stranger* another reseller, and
the *owner* an account elsewhere in the same reseller's tree to which a SIP account beneath the target is assigned. The
operations on an entity are asked of that SIP account by the owner, and of the target by all others; the leaf is the same
for all.

\`ok\` means that the request was let through. Most such requests are made so that they change nothing: a stale \`If-Match\`
(\`precondition_failed\`), a hold that needs a plan (\`plan_required\`), a name that is taken (\`exists\`), one property too
many or a wrong value (\`invalid\`), a plan that was applied (\`conflict\`), a hold that has ended. Those codes are judged
after the right and count as \`ok\` where they are what the request is made for. The holds to lift were placed on the target
by the platform with the authority that is named, \`customer above\` for the customer above the target, \`wish\` as the
target's own.

Suspended and closed accounts were tried with the roles A and R alone: their actors are refused before any role is looked
at. An account above a target that does not stand well makes the target stand no better, so each place has a tree of its
own.

Signing in by password is \`ok\` while the account is active, limited, or held by nothing but its own hold, and
\`forbidden\` otherwise; whoever asks to sign in needs no right before that.
`;

/** Up to so many lines the longest of them is the rest. */
const REST_MAX = 3;

const TITLES: Readonly<Record<StandingName, string>> = {
  active: 'The account of the actor is active',
  limited: 'It is limited',
  'held by itself': 'It is held by nothing but its own hold',
  suspended: 'It is suspended',
  'suspended above': 'It is suspended by what contains it',
  closed: 'It is closed',
};

export function matrixText(outcomes: Outcomes): string {
  return `${HEAD}${STANDINGS.map((standing) => section(outcomes, standing)).join('')}`;
}

function section(outcomes: Outcomes, standing: StandingName): string {
  const places = PLACES.filter((place) => standing === 'active' || place !== 'platform');
  const rows = Object.values(MATRIX)
    .flat()
    .flatMap((row) =>
      row.names.map((name) => ({ name, cells: places.map((place) => cell(outcomes, standing, place, name)) })),
    );
  const columns = groupColumns(
    places,
    rows.map((row) => row.cells),
  );
  const title = `\n## ${TITLES[standing]}\n`;
  const head = [
    `| | ${columns.map(({ names }) => names.join(', ')).join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns.length)}`,
  ];
  const lines = (part: typeof rows) =>
    groupRows(part, standing !== 'active').map(
      ({ names, cells }) => `| ${names.join(', ')} | ${columns.map(({ index }) => cells[index]).join(' | ')} |`,
    );
  if (standing !== 'active') return `${title}\n${[...head, ...lines(rows)].join('\n')}\n`;
  const parts = Object.entries(MATRIX).map(([part, ofPart]) => {
    const names = new Set(ofPart.flatMap((row) => row.names));
    return `\n### ${part[0]?.toUpperCase()}${part.slice(1)}\n\n${[...head, ...lines(rows.filter(({ name }) => names.has(name)))].join('\n')}\n`;
  });
  return `${title}${parts.join('')}`;
}

/** Places that nothing tells apart share a column. */
function groupColumns(places: readonly Place[], cells: readonly (readonly string[])[]) {
  const columns: { names: string[]; index: number; key: string }[] = [];
  for (const [index, place] of places.entries()) {
    const key = cells.map((row) => row[index]).join('|');
    const same = columns.find((column) => column.key === key);
    if (same === undefined) columns.push({ names: [place], index, key });
    else same.names.push(place);
  }
  return columns;
}

/** Operations with the same cells share a line where many do. */
function groupRows(rows: readonly { readonly name: string; readonly cells: readonly string[] }[], isMerged: boolean) {
  const lines: { names: string[]; cells: readonly string[] }[] = [];
  for (const { name, cells } of rows) {
    const same = isMerged ? lines.find((line) => line.cells.join('|') === cells.join('|')) : undefined;
    if (same === undefined) lines.push({ names: [name], cells });
    else same.names.push(name);
  }
  // A table of next to nothing but one answer names only what is answered otherwise.
  const most = lines.toSorted((one, other) => other.names.length - one.names.length)[0];
  if (!isMerged || lines.length > REST_MAX || most === undefined) return lines;
  return [...lines.filter((line) => line !== most), { ...most, names: ['everything else'] }];
}

function cell(outcomes: Outcomes, standing: StandingName, place: Place, name: string): string {
  const byOutcome = Map.groupBy(
    rolesIn(standing),
    (role) => outcomes.get(`${standing}/${place}/${role}/${name}`) ?? 'missing',
  );
  const [only] = byOutcome.keys();
  if (byOutcome.size === 1 && only !== undefined) return only;
  return [...byOutcome]
    .filter(([outcome]) => outcome !== 'forbidden')
    .toSorted(([one], [other]) => Number(other === 'ok') - Number(one === 'ok'))
    .map(([outcome, roles]) => `${outcome} ${roles.map((role) => LETTERS[role]).join('')}`)
    .join(', ');
}
