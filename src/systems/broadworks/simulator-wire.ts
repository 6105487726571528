/** How the simulated server reads and writes documents and envelopes. For tests and benches alone. */
import { COMMANDS_MAX } from './document.ts';
import type { Said } from './simulator-world.ts';
import { type XmlElement, childOf, escapeXml, parseXml, tokenOf } from './xml.ts';

type Encoding = 'ascii' | 'UTF-8' | 'ISO-8859-1';
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

export function readRequest(text: string): { readonly sessionId: string; readonly commands: readonly XmlElement[] } {
  const root = parseXml(text);
  if (root.name !== 'BroadsoftDocument' || root.namespace !== 'C') throw new Error('that is no document of OCI-P');
  const session = root.children.find((child) => child.name === 'sessionId' && child.namespace === '');
  const commands = root.children.filter((child) => child.name === 'command' && child.namespace === '');
  return { sessionId: session === undefined ? '' : tokenOf(session), commands };
}

/** One answer for each command, in their order. */
export function answerText(
  sessionId: string,
  commands: readonly XmlElement[],
  answer: (command: XmlElement) => Said,
  encoding: Encoding,
): string {
  const said: Said[] =
    commands.length > COMMANDS_MAX
      ? [{ error: '[Error 6004] OCI XML Request validation error: too many commands' }]
      : commands.map(answer);
  return frame(said.map((one) => commandText(one, encoding)).join(''), escape(sessionId, encoding), encoding);
}

/** What the server sends when it ends a log-in by itself. */
export function logoutText(userId: string): string {
  const body = `<command xsi:type="LogoutRequest" xmlns=""><userId>${escapeXml(userId)}</userId><reason>Open Client Server Forced Logout</reason></command>`;
  return frame(body, 'server', 'ascii');
}

function frame(body: string, sessionId: string, encoding: Encoding): string {
  const declaration = encoding === 'ascii' ? '' : `<?xml version="1.0" encoding="${encoding}"?>\n`;
  return `${declaration}<BroadsoftDocument protocol="OCI" xmlns="C" xmlns:xsi="${XSI}"><sessionId xmlns="">${sessionId}</sessionId>${body}</BroadsoftDocument>\n`;
}

function commandText(said: Said, encoding: Encoding): string {
  if ('error' in said) {
    const text = escape(said.error, encoding);
    return `<command type="Error" echo="" xsi:type="c:ErrorResponse" xmlns:c="C" xmlns=""><summary>${text}</summary><summaryEnglish>${text}</summaryEnglish></command>`;
  }
  if ('success' in said) return '<command echo="" xsi:type="c:SuccessResponse" xmlns:c="C" xmlns=""/>';
  const parts = said.parts.map(([name, value]) => {
    const inner = typeof value === 'object' ? tableText(value, encoding) : escape(String(value), encoding);
    return `<${name}>${inner}</${name}>`;
  });
  return `<command echo="" xsi:type="${said.type}" xmlns="">${parts.join('')}</command>`;
}

function tableText([headings = [], ...rows]: readonly (readonly (string | boolean)[])[], encoding: Encoding): string {
  const cell = (value: string | boolean) => (value === '' ? '<col/>' : `<col>${escape(String(value), encoding)}</col>`);
  return (
    headings.map((heading) => `<colHeading>${String(heading)}</colHeading>`).join('') +
    rows.map((row) => `<row>${row.map(cell).join('')}</row>`).join('')
  );
}

function escape(text: string, encoding: Encoding): string {
  if (encoding === 'ascii') return escapeXml(text);
  return text.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The document in an envelope, whichever namespaces the client used. */
export function readEnvelope(text: string): string {
  const body = childOf(parseXml(text), 'Body');
  const call = body === undefined ? undefined : childOf(body, 'processOCIMessage');
  return (call === undefined ? undefined : childOf(call, 'in0'))?.text ?? '';
}

const OPEN =
  '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>';
const CLOSE = '</soapenv:Body></soapenv:Envelope>';

export function soapText(document: string): string {
  return `${OPEN}<processOCIMessageResponse xmlns=""><ns1:processOCIMessageReturn xmlns:ns1="urn:com:broadsoft:webservice">${escapeXml(document)}</ns1:processOCIMessageReturn></processOCIMessageResponse>${CLOSE}`;
}

export function faultText(): string {
  return `${OPEN}<soapenv:Fault><faultcode>soapenv:Server.generalException</faultcode><faultstring>INVALID_REQUEST</faultstring><faultactor>ProvisioningService</faultactor><detail><string>There is no log-in.</string></detail></soapenv:Fault>${CLOSE}`;
}
