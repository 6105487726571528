/** The simulated server writes as the clients of the field need it, and reads what they write. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';

import { signPassword } from './log-in.ts';
import { SIMULATED, startBroadworks } from './simulator.ts';
import { makeSubscriber } from './simulator-world.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const OPEN = `<BroadsoftDocument protocol="OCI" xmlns="C" xmlns:xsi="${XSI}"><sessionId xmlns="">s</sessionId>`;
const documentOf = (...commands: string[]) => `${OPEN}${commands.join('')}</BroadsoftDocument>`;
const commandOf = (type: string, body = '') => `<command xsi:type="${type}" xmlns="">${body}</command>`;
const ANTWERP = '<serviceProviderId>acme</serviceProviderId><groupId>Zürich</groupId>';
const MODIFY = 'GroupInterceptGroupModifyRequest21sp1';

/** A client of the field: it waits for the closing tag and a line feed. */
async function client(t: TestContext, port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  return async (text: string, encoding: BufferEncoding = 'utf8'): Promise<string> => {
    socket.write(text, encoding);
    while (!received.endsWith('</BroadsoftDocument>\n')) await once(socket, 'data');
    const answer = received;
    received = '';
    return answer;
  };
}

async function loggedIn(t: TestContext) {
  const simulator = await startBroadworks();
  t.after(() => simulator.stop());
  simulator.world.subscribers.set(
    'acme/Zürich',
    makeSubscriber({ newPhoneNumber: '+31', audioFileDescription: 'Grüße' }),
  );
  const ask = await client(t, simulator.port);
  const begun = await ask(documentOf(commandOf('AuthenticationRequest', `<userId>${SIMULATED.userId}</userId>`)));
  const signed = signPassword(/<nonce>(\d+)</.exec(begun)?.[1] ?? '', SIMULATED.password);
  const log = `<userId>${SIMULATED.userId}</userId><signedPassword>${signed}</signedPassword>`;
  assert.match(await ask(documentOf(commandOf('LoginRequest14sp4', log))), /<loginType>System</);
  return { simulator, ask, group: simulator.world.subscribers.get('acme/Zürich') ?? assert.fail() };
}

test('answers are ASCII without a declaration, with the prefixes and attributes of a real server, and end with a line feed', async (t) => {
  const { ask } = await loggedIn(t);
  assert.equal(
    await ask(documentOf(commandOf('AvailabilityTestRequest'))),
    documentOf('<command echo="" xsi:type="c:SuccessResponse" xmlns:c="C" xmlns=""/>') + '\n',
  );
  const text = '[Error 9404] Group not found: Gen&#232;ve';
  assert.equal(
    await ask(
      documentOf(
        commandOf(
          'GroupInterceptGroupGetRequest21sp1',
          '<serviceProviderId>acme</serviceProviderId><groupId>Genève</groupId>',
        ),
      ),
    ),
    documentOf(
      `<command type="Error" echo="" xsi:type="c:ErrorResponse" xmlns:c="C" xmlns=""><summary>${text}</summary><summaryEnglish>${text}</summaryEnglish></command>`,
    ) + '\n',
  );
  const read = await ask(documentOf(commandOf('GroupInterceptGroupGetRequest21sp1', ANTWERP)));
  assert.match(read, /<command echo="" xsi:type="GroupInterceptGroupGetResponse21sp1" xmlns="">/);
  assert.match(read, /<audioFileDescription>Gr&#252;&#223;e</);
  assert.match(read, /^[\n -~]*$/);
});

test('requests are read by their namespaces, in the encoding that they declare, whatever blanks stand between', async (t) => {
  const { ask, group } = await loggedIn(t);
  const other = `\n<?xml version="1.0" encoding="ISO-8859-1"?><BroadsoftDocument protocol="OCI" xmlns="C" xmlns:C="${XSI}"><sessionId xmlns="">s</sessionId><command C:type="${MODIFY}" xmlns="">${ANTWERP}<isActive>1</isActive></command></BroadsoftDocument>\r\n`;
  assert.match(await ask(other, 'latin1'), /c:SuccessResponse/);
  assert.equal(group.settings.get('isActive'), 'true');
});

test('a write is a patch, nil clears, and another order is refused as a whole', async (t) => {
  const { ask, group } = await loggedIn(t);
  const modify = (body: string) => ask(documentOf(commandOf(MODIFY, ANTWERP + body)));
  await modify('<isActive>true</isActive>');
  assert.equal(group.settings.get('newPhoneNumber'), '+31');
  await modify('<newPhoneNumber xsi:nil="true"/>');
  assert.equal(group.settings.get('newPhoneNumber'), undefined);
  const refused = [
    '<outboundCallMode>Block All</outboundCallMode><isActive>false</isActive>',
    '<isActive>maybe</isActive>',
    '<isActive xsi:nil="true"/>',
    '<newPhoneNumber/>',
    '<allowOutboundLocalCalls>true</allowOutboundLocalCalls>',
    '<outboundReroutePhoneNumber>sip:a@b</outboundReroutePhoneNumber>',
  ];
  const writes = group.writes;
  for (const body of refused) assert.match(await modify(body), /\[Error 6004\]/, body);
  assert.match(await ask(documentOf(commandOf('GroupInterceptGroupModifyRequest16', ANTWERP))), /\[Error 6004\]/);
  assert.equal(group.writes, writes);
});

test('fifteen commands are answered in their order, and sixteen not at all', async (t) => {
  const { ask } = await loggedIn(t);
  const batch = Array.from({ length: 15 }, (_, index) =>
    commandOf(index === 7 ? 'NoSuchRequest' : 'AvailabilityTestRequest'),
  );
  const types = [...(await ask(documentOf(...batch))).matchAll(/xsi:type="c:(\w+)"/g)].map(([, type]) => type);
  assert.deepEqual(
    types,
    batch.map((_, index) => (index === 7 ? 'ErrorResponse' : 'SuccessResponse')),
  );
  assert.match(await ask(documentOf(...batch, commandOf('AvailabilityTestRequest'))), /too many commands/);
});

test('nothing is answered before the log-in, and none of another session after it', async (t) => {
  const { ask } = await loggedIn(t);
  const stranger = documentOf(commandOf('SystemInterceptUserGetRequest')).replace('>s<', '>other<');
  assert.match(await ask(stranger), /INVALID_REQUEST/);
});

test('over SOAP the names are those that clients search for, and who is not logged in gets a fault', async (t) => {
  const simulator = await startBroadworks({ transport: 'soap' });
  t.after(() => simulator.stop());
  const post = (document: string, attributes: string) =>
    fetch(simulator.url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: '""' },
      body: `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><processOCIMessage ${attributes}><in0 xmlns=""><![CDATA[${document}]]></in0></processOCIMessage></e:Body></e:Envelope>`,
    });
  const begin = documentOf(commandOf('AuthenticationRequest', '<userId>a</userId>'));
  const answer = await post(begin, 'xmlns="urn:com:broadsoft:webservice"');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('set-cookie') ?? '', /^JSESSIONID=/);
  assert.match(
    await answer.text(),
    /<processOCIMessageResponse xmlns=""><ns1:processOCIMessageReturn xmlns:ns1="urn:com:broadsoft:webservice">/,
  );
  const refused = await post(documentOf(commandOf('AvailabilityTestRequest')), '');
  assert.equal(refused.status, 500);
  assert.match(await refused.text(), /<faultcode>soapenv:Server\.generalException<.*<faultstring>INVALID_REQUEST</);
});
