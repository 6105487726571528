/** Documents as mod_xml_curl reads them. */
import type { CallAnswer, DirectoryUser } from '#operations/answer-freeswitch.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 has no character for. */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
/** FreeSWITCH expands `${…}` in the data of an action, functions of its own among them, and splits at commas and bars. */
const SPECIAL = /[$\\{}'"`,|;\s]+/g;
/** A name that may stand in a dial string as it is. */
const DIALLED = /^[\w.+~*-]+@[\w.-]+$/;
const DIALLED_URI = /^sips?:[\w.+~*-]+@[\w.-]+(?::\d{1,5})?$/;
const FILE = /[^\w.-]/g;

export const NOT_FOUND = documentOf('result', '<result status="not found"/>');

/** A user of the directory. How it is reached is as in FreeSWITCH's own configuration. */
export function directoryXml({ username, domain, ha1, mayRegister }: DirectoryUser): string {
  const forbidden = mayRegister ? '' : '<param name="sip-forbid-register" value="true"/>';
  return documentOf(
    'directory',
    `<domain name="${escaped(domain)}"><params>` +
      '<param name="dial-string" value="{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}${sofia_contact(*/${dialed_user}@${dialed_domain})}"/>' +
      `</params><groups><group name="default"><users><user id="${escaped(username)}">` +
      `<params><param name="a1-hash" value="${escaped(ha1)}"/>${forbidden}</params>` +
      `<variables><variable name="user_context" value="default"/></variables>` +
      '</user></users></group></groups></domain>',
  );
}

/** A dialplan with one extension that takes every call. */
export function dialplanXml(context: string, answer: CallAnswer): string {
  const actions = actionsOf(answer)
    .map(([application, data]) => `<action application="${application}" data="${escaped(data)}"/>`)
    .join('');
  return documentOf(
    'dialplan',
    `<context name="${escaped(context)}"><extension name="abeyance"><condition>${actions}</condition></extension></context>`,
  );
}

function actionsOf(answer: CallAnswer): readonly (readonly [application: string, data: string])[] {
  switch (answer.do) {
    case 'refuse':
      return [['respond', `${answer.code} ${plain(answer.text)}`]];
    case 'announce':
      return [
        ['pre_answer', ''],
        ['playback', `abeyance/${answer.announcement.replace(FILE, '_')}.wav`],
        ['respond', `${answer.code} ${plain(answer.text)}`],
      ];
    case 'bridge':
      return DIALLED.test(answer.aor) ? [['bridge', `user/${answer.aor}`]] : [['respond', '480 Cannot be dialled']];
    case 'redirect':
      return DIALLED_URI.test(answer.uri) ? [['redirect', answer.uri]] : [['respond', '480 Cannot be dialled']];
  }
}

/** Text that FreeSWITCH takes as it is. */
function plain(text: string): string {
  return text.replace(SPECIAL, ' ').trim();
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(NO_XML, '')
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

function documentOf(section: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<document type="freeswitch/xml"><section name="${section}">${content}</section></document>\n`;
}
