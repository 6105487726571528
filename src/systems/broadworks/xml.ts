/**
 * XML as elements whose namespaces are resolved, and back.
 *
 * What is read comes from a stranger: entities are not expanded, a document type is refused, depth is limited, and no error
 * repeats any of the text, which may hold a password.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** The address of its namespace; empty for none. */
  readonly namespace: string;
  /** By `{namespace}name`, or by the name alone where there is no prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data right inside it, as it was written. */
  readonly text: string;
  /** What a prefix stands for here, for values that are names such as those of `xsi:type`. */
  readonly scope: ReadonlyMap<string, string>;
}

/** Text that is no XML, or that holds what we do not take. The message repeats nothing of it. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** Deeper than any document of OCI-P; more is an attack. */
const DEPTH_MAX = 32;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: DEPTH_MAX,
});

/** As the library gives an element: one member with its name, and `:@` with the attributes. */
type Node = Readonly<Record<string, unknown>>;

/** Reads one document. Throws `XmlError`. */
export function parseXml(text: string): XmlElement {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new XmlError('the document declares a type or entities');
  let nodes: Node[];
  try {
    if (XMLValidator.validate(text) !== true) throw new XmlError('the document is not well-formed');
    nodes = parser.parse(text) as Node[]; // With preserveOrder it gives a list.
  } catch (error) {
    if (error instanceof XmlError) throw error;
    throw new XmlError(`the document cannot be read, or is nested deeper than ${DEPTH_MAX} levels`);
  }
  const roots = nodes.filter((node) => !('#text' in node) && !('#cdata' in node));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new XmlError('the document has not exactly one root');
  return elementOf(root, new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]));
}

/** The child of that name, in whatever namespace. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** Text with blanks at the ends and doubled ones away, as a token of XML Schema has it. */
export function tokenOf({ text }: XmlElement): string {
  return text.replaceAll(/[ \t\r\n]+/g, ' ').trim();
}

/** Text as it may stand in an element or attribute: ASCII alone, all else as numeric references. */
export function escapeXml(text: string): string {
  let escaped = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isPlain = code >= 0x20 && code < 0x7f && !'&<>"\''.includes(character);
    // What XML cannot hold at all, not by reference either, is replaced.
    const isLegal = code >= 0x20 || [0x09, 0x0a, 0x0d].includes(code);
    escaped += isPlain ? character : `&#${isLegal ? code : 0xff_fd};`;
  }
  return escaped;
}

function elementOf(node: Node, outer: ReadonlyMap<string, string>): XmlElement {
  const tag = Object.keys(node).find((key) => key !== ':@') ?? '';
  const written = Object.entries((node[':@'] ?? {}) as Record<string, string>); // Attributes are texts.
  const scope = scopeOf(written, outer);
  const attributes = new Map<string, string>();
  for (const [key, value] of written) {
    if (key === 'xmlns' || key.startsWith('xmlns:')) continue;
    const [prefix, local] = split(key);
    attributes.set(prefix === '' ? local : `{${resolve(prefix, scope)}}${local}`, decode(value));
  }
  const children: XmlElement[] = [];
  let text = '';
  for (const child of node[tag] as Node[]) {
    if (typeof child['#text'] === 'string') text += decode(child['#text']);
    else if (Array.isArray(child['#cdata'])) text += (child['#cdata'] as Node[]).map((part) => part['#text']).join('');
    else children.push(elementOf(child, scope));
  }
  const [prefix, name] = split(tag);
  return { name, namespace: resolve(prefix, scope), attributes, children, text, scope };
}

function scopeOf(written: readonly (readonly [string, string])[], outer: ReadonlyMap<string, string>) {
  const declared = written.filter(([key]) => key === 'xmlns' || key.startsWith('xmlns:'));
  if (declared.length === 0) return outer;
  const scope = new Map(outer);
  for (const [key, value] of declared) scope.set(key === 'xmlns' ? '' : key.slice('xmlns:'.length), decode(value));
  return scope;
}

function resolve(prefix: string, scope: ReadonlyMap<string, string>): string {
  const namespace = scope.get(prefix);
  if (namespace === undefined && prefix !== '')
    throw new XmlError('the document uses a prefix that it does not declare');
  return namespace ?? '';
}

/** `a:b` → `a` and `b`; `b` has the prefix that is empty. */
export function split(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five names of XML and numbers; anything else was declared nowhere. */
function decode(text: string): string {
  return text.replaceAll(/&([^;]*);?/g, (whole, name: string) => {
    const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    const code =
      digits === null ? -1 : Number.parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16);
    if (!whole.endsWith(';') || (named === undefined && !(code > 0 && code <= 0x10_ffff)))
      throw new XmlError('the document uses an entity that it does not declare');
    return named ?? String.fromCodePoint(code);
  });
}
