/** What FreeSWITCH asks by mod_xml_curl: forms in, XML out. */
import { z } from 'zod';

import { answerCall, answerDirectory } from '#operations/answer-freeswitch.ts';
import { actorOf } from '#faces/native/exchange.ts';
import { NOT_FOUND, dialplanXml, directoryXml } from '#faces/native/freeswitch-xml.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['freeswitch'];
const xml = z.string().describe('A document of FreeSWITCH; "not found" leaves the answer to its own files.');
const response = { 200: xml, '4xx': schemas.problem };
const shared = { tags, consumes: ['application/x-www-form-urlencoded'], produces: ['text/xml'], response };
const directoryBody = z.object({
  user: z.string().optional(),
  domain: z.string().optional(),
  action: z.string().optional(),
  sip_auth_username: z.string().optional(),
  sip_auth_realm: z.string().optional(),
  sip_auth_response: z.string().optional(),
});
const dialplanBody = z.object({
  'Caller-Destination-Number': z.string().optional(),
  'Caller-Context': z.string().optional(),
  variable_sip_auth_username: z.string().optional(),
  variable_sip_auth_realm: z.string().optional(),
});

export function freeswitchRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  void app.register(async (scope: Routes) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body.toString())));
    });
    scope.post(
      '/freeswitch/directory',
      { schema: { ...shared, summary: 'A user of the directory, for mod_xml_curl', body: directoryBody } },
      async (request, reply) => {
        const actor = await actorOf(deps, request);
        const field = fieldsOf(request.body);
        const user = await answerDirectory(context, actor, {
          user: field('user'),
          domain: field('domain'),
          action: field('action'),
          method: field('sip_auth_method'),
          digest: {
            username: field('sip_auth_username'),
            realm: field('sip_auth_realm'),
            nonce: field('sip_auth_nonce'),
            uri: field('sip_auth_uri'),
            qop: field('sip_auth_qop'),
            cnonce: field('sip_auth_cnonce'),
            nc: field('sip_auth_nc'),
            response: field('sip_auth_response'),
          },
        });
        return reply.type('text/xml').send(user === null ? NOT_FOUND : directoryXml(user));
      },
    );
    scope.post(
      '/freeswitch/dialplan',
      { schema: { ...shared, summary: 'What becomes of a call, for mod_xml_curl', body: dialplanBody } },
      async (request, reply) => {
        const actor = await actorOf(deps, request);
        const field = fieldsOf(request.body);
        const user = field('variable_sip_auth_username') || field('variable_user_name');
        const realm = field('variable_sip_auth_realm') || field('variable_domain_name');
        const answer = await answerCall(context, actor, {
          destination: field('Hunt-Destination-Number') || field('Caller-Destination-Number'),
          domain: field('variable_sip_req_host') || realm,
          caller: user === '' ? null : `${user}@${realm}`,
          address: field('variable_sip_network_ip') || field('Caller-Network-Addr'),
        });
        const within = field('Hunt-Context') || field('Caller-Context');
        return reply.type('text/xml').send(answer === null ? NOT_FOUND : dialplanXml(within, answer));
      },
    );
  });
}

/** The fields of a form, empty where there is none. */
function fieldsOf(body: unknown): (name: string) => string {
  const fields = body as Readonly<Record<string, unknown>>; // The validator lets only objects through.
  return (name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === 'string' ? value : '';
  };
}
