/**
 * The format that `export` writes: a header line, then one bulk item in each line.
 *
 * Only the form of a line is judged here, not its fields: an export may come from a release that knows more of them.
 */
import { shown } from '#core/reading.ts';
import { badLine, type BulkItem, type OpenText, type Parsed } from './parsed.ts';
import { linesOf, LOST_OCTETS } from './text-lines.ts';

/** The format that this release writes, and the only one so far that it reads. */
export const EXPORT_FORMAT = 1;

/** Reads an export. Without its header nothing is read. */
export async function* parseJsonLines(file: string, options: { readonly open: OpenText }): AsyncGenerator<Parsed> {
  let hasHeader = false;
  for await (const { text, number } of linesOf(options.open(file))) {
    if (text.trim() === '') continue;
    const value = text.includes(LOST_OCTETS) ? undefined : parseJson(text);
    if (!hasHeader) {
      const wrong = wrongHeader(value);
      if (wrong !== null) {
        yield badLine(file, number, `${wrong}; nothing was read`);
        return;
      }
      hasHeader = true;
      continue;
    }
    const item = itemOf(value);
    yield typeof item === 'string' ? badLine(file, number, item) : { item, file, line: number };
  }
  if (!hasHeader) yield badLine(file, 1, 'the file is empty');
}

/** The first line of an export. */
export function exportHeader(facts: Readonly<Record<string, string | number>> = {}): string {
  return JSON.stringify({ abeyance: 'export', format: EXPORT_FORMAT, ...facts });
}

function wrongHeader(value: unknown): string | null {
  if (!isObject(value) || value['abeyance'] !== 'export')
    return `the first line must be the header of an export, such as ${exportHeader()}`;
  if (value['format'] !== EXPORT_FORMAT)
    return `the export has format ${shown(value['format'] ?? null)}, this release reads format ${EXPORT_FORMAT}`;
  return null;
}

/** The item of a line, or what is wrong with it. */
function itemOf(value: unknown): BulkItem | string {
  if (!isObject(value)) return 'must be one JSON object in UTF-8';
  const { op, entity, name, body } = value;
  const isNamed = typeof entity === 'string' || typeof entity === 'number';
  const isRight =
    (op === 'create' && isObject(body) && typeof body['kind'] === 'string') ||
    ((op === 'hold' || op === 'update' || op === 'credits') && isNamed && isObject(body)) ||
    (op === 'profile' && typeof name === 'string' && isObject(body)) ||
    (op === 'close' && isNamed);
  if (!isRight)
    return 'must be {"op":"create","body":{"kind":…}}, {"op":"update", "hold" or "credits","entity":…,"body":…}, {"op":"profile","name":…,"body":…} or {"op":"close","entity":…}';
  return value as BulkItem; // its shape was just judged, and JSON holds nothing but JSON
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
