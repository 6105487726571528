/**
 * Tables with aligned columns. Colours do not count as width; numbers stand to the right.
 *
 * Nothing is cut: who pipes a table gets every character, and a terminal wraps.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Paint } from '#cli/terminal.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'right';
}

/** The lines of a table with its header; none for no rows. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[], paint: Paint): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => columns.map((column) => column.cell(row).replace(/\s+/g, ' ')));
  const widths = columns.map((column, index) =>
    cells.reduce((width, row) => Math.max(width, widthOf(row[index] ?? '')), widthOf(column.title)),
  );
  const lineOf = (texts: readonly string[]) =>
    texts
      .map((text, index) => padded(text, widths[index] ?? 0, columns[index]?.align))
      .join('  ')
      .trimEnd();
  return [paint('bold', lineOf(columns.map(({ title }) => title))), ...cells.map(lineOf)];
}

/** Names and values, one a line, the values beneath each other. */
export function pairLines(pairs: readonly (readonly [name: string, value: string])[], indent = ''): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  return pairs.map(([name, value]) => `${indent}${padded(name, width)}  ${value}`.trimEnd());
}

function padded(text: string, width: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/** Columns that the text takes: characters, as long as no script of double width is in it. */
function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
