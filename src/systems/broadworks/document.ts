/**
 * The documents of OCI-P: one identity, then up to fifteen commands; the answers come in the same order.
 *
 * What is written is ASCII with numeric references, which reads the same in every encoding that a server may expect.
 */
import { type XmlElement, XmlError, escapeXml, parseXml, split, tokenOf } from './xml.ts';

export const OCI = 'C';
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
export const XSI_TYPE = `{${INSTANCE}}type`;
const XSI_NIL = `{${INSTANCE}}nil`;

/** The most commands that one document may hold. */
export const COMMANDS_MAX = 15;

/** One element of a command: its text, `null` for one that is cleared by nil, or elements within it. */
export type Part = readonly [name: string, value: string | boolean | number | null | readonly Part[]];

/** A command that is to be written: its elements in the order of its type. */
export interface Command {
  readonly type: string;
  readonly parts: readonly Part[];
}

/** A command that was read. */
export interface Answer {
  /** Without its prefix. */
  readonly type: string;
  readonly element: XmlElement;
}

export interface OciDocument {
  readonly sessionId: string | null;
  readonly answers: readonly Answer[];
}

/** The text of a document, with a line feed at its end for servers that wait for one. */
export function writeDocument(sessionId: string, commands: readonly Command[]): string {
  if (commands.length === 0 || commands.length > COMMANDS_MAX)
    throw new RangeError(`a document holds 1 to ${COMMANDS_MAX} commands, not ${commands.length}`);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<BroadsoftDocument protocol="OCI" xmlns="${OCI}" xmlns:xsi="${INSTANCE}">` +
    `<sessionId xmlns="">${escapeXml(sessionId)}</sessionId>` +
    commands
      .map(
        ({ type, parts }) => `<command xsi:type="${escapeXml(type)}" xmlns="">${parts.map(write).join('')}</command>`,
      )
      .join('') +
    '</BroadsoftDocument>\n'
  );
}

function write([name, value]: Part): string {
  if (value === null) return `<${name} xsi:nil="true"/>`;
  if (typeof value === 'object') return `<${name}>${value.map(write).join('')}</${name}>`;
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** Reads a document. Throws `XmlError` for anything that is none. */
export function readDocument(text: string): OciDocument {
  const root = parseXml(text);
  if (root.name !== 'BroadsoftDocument' || root.namespace !== OCI || root.attributes.get('protocol') !== 'OCI')
    throw new XmlError('the document is not one of OCI-P');
  const answers: Answer[] = [];
  let sessionId: string | null = null;
  for (const child of root.children) {
    // Ours stand in no namespace; a child in another one is not what its name says.
    if (child.namespace !== '') throw new XmlError('the document has a child in a namespace');
    if (child.name === 'sessionId') sessionId = tokenOf(child);
    if (child.name === 'command') answers.push({ type: typeOf(child), element: child });
  }
  return { sessionId, answers };
}

/** The kind of a command. A prefix must stand for the namespace of OCI-P, whatever it is called. */
function typeOf(command: XmlElement): string {
  const written = command.attributes.get(XSI_TYPE);
  if (written === undefined) throw new XmlError('the document has a command without a type');
  const [prefix, local] = split(written.trim());
  if (prefix !== '' && command.scope.get(prefix) !== OCI)
    throw new XmlError('the document has a command of a type in a foreign namespace');
  return local;
}

/** The text of a member: `null` where it is absent or nil; an empty one is empty. */
export function textOf(answer: Answer, name: string): string | null {
  const child = answer.element.children.find((element) => element.name === name && element.namespace === '');
  if (child === undefined || isNil(child)) return null;
  return tokenOf(child);
}

export function isNil(element: XmlElement): boolean {
  return ['true', '1'].includes(element.attributes.get(XSI_NIL)?.trim() ?? '');
}

/** `null` where the member is absent or neither true nor false. */
export function booleanOf(answer: Answer, name: string): boolean | null {
  const text = textOf(answer, name);
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : null;
}

/** A row by the headings of its table; a cell without value is `null`. */
export type Row = ReadonlyMap<string, string | null>;

/** The rows of a table. Columns are found by heading: releases move and add them. */
export function tableOf(answer: Answer, name: string): Row[] {
  const table = answer.element.children.find((element) => element.name === name);
  if (table === undefined) return [];
  const headings = table.children.filter((child) => child.name === 'colHeading').map(tokenOf);
  return table.children
    .filter((child) => child.name === 'row')
    .map((row) => {
      const cells = row.children.filter((child) => child.name === 'col');
      return new Map(headings.map((heading, index) => [heading, cellOf(cells[index])]));
    });
}

function cellOf(cell: XmlElement | undefined): string | null {
  const text = cell === undefined ? '' : tokenOf(cell);
  return text === '' ? null : text;
}

/** What the server says against a command. */
export interface OciError {
  /** From its element or, as servers do it, from the text; null where neither has one. */
  readonly number: number | null;
  readonly level: string;
  /** Without the number. */
  readonly summary: string;
}

/** The error that an answer is; null for any other. Its detail is left alone: it may quote the request. */
export function errorOf(answer: Answer): OciError | null {
  if (answer.type !== 'ErrorResponse') return null;
  const summary = textOf(answer, 'summaryEnglish') ?? textOf(answer, 'summary') ?? '';
  const inText = /^\s*\[Error (\d+)\]\s*/.exec(summary);
  const code = textOf(answer, 'errorCode');
  const number = code !== null && /^\d+$/.test(code) ? Number(code) : inText === null ? null : Number(inText[1]);
  return {
    number,
    level: answer.element.attributes.get('type') ?? 'Error',
    summary: summary.slice(inText?.[0].length ?? 0) || 'the server gave no text',
  };
}
