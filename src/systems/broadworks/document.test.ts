/** Documents of OCI-P as servers write them and as attackers would, whole and in pieces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { booleanOf, errorOf, isNil, readDocument, tableOf, textOf, writeDocument } from './document.ts';
import { DocumentCutter, TooLong, decodeDocument } from './document-cutter.ts';
import { XmlError, escapeXml, parseXml } from './xml.ts';

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const document = (commands: string) =>
  `<BroadsoftDocument protocol="OCI" xmlns="C" ${XSI}><sessionId xmlns="">a, b  c</sessionId>${commands}</BroadsoftDocument>`;
const only = (commands: string) => {
  const [answer] = readDocument(document(commands)).answers;
  assert.ok(answer);
  return answer;
};

test('a document has the identity first, then the commands, each child in no namespace', () => {
  const text = writeDocument('abeyance-1', [
    {
      type: 'FirstRequest',
      parts: [
        ['a', 'Zoë & <Co>'],
        ['b', null],
        ['c', true],
        ['d', [['e', 1]]],
      ],
    },
    { type: 'SecondRequest', parts: [] },
  ]);
  assert.equal(
    text,
    '<?xml version="1.0" encoding="UTF-8"?>\n<BroadsoftDocument protocol="OCI" xmlns="C" ' +
      `${XSI}><sessionId xmlns="">abeyance-1</sessionId>` +
      '<command xsi:type="FirstRequest" xmlns=""><a>Zo&#235; &#38; &#60;Co&#62;</a><b xsi:nil="true"/><c>true</c><d><e>1</e></d></command>' +
      '<command xsi:type="SecondRequest" xmlns=""></command></BroadsoftDocument>\n',
  );
  const read = readDocument(text);
  assert.equal(read.sessionId, 'abeyance-1');
  assert.deepEqual(
    read.answers.map(({ type }) => type),
    ['FirstRequest', 'SecondRequest'],
  );
});

test('a document holds no more than fifteen commands', () => {
  const command = { type: 'R', parts: [] };
  assert.ok(
    writeDocument(
      's',
      Array.from({ length: 15 }, () => command),
    ),
  );
  assert.throws(
    () =>
      writeDocument(
        's',
        Array.from({ length: 16 }, () => command),
      ),
    RangeError,
  );
  assert.throws(() => writeDocument('s', []), RangeError);
});

test('namespaces count, and prefixes do not', () => {
  const read = readDocument(
    '<q:BroadsoftDocument protocol="OCI" xmlns:q="C" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">' +
      '<sessionId>s</sessionId><command i:type="q:ErrorResponse" type="Error"><summary>no</summary></command>' +
      '<command i:type="XGetResponse"><n i:nil="1"/></command></q:BroadsoftDocument>',
  );
  const [failed, data] = read.answers;
  assert.ok(failed && data);
  assert.equal(errorOf(failed)?.summary, 'no');
  assert.equal(textOf(data, 'n'), null);
});

test('what only looks like a document of OCI-P is none', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`<BroadsoftDocument protocol="OCI" ${XSI}/>`, 'no namespace'],
    [`<BroadsoftDocument protocol="OCI" xmlns="c" ${XSI}/>`, 'another namespace'],
    [`<BroadsoftDocument protocol="NSOCI" xmlns="C" ${XSI}/>`, 'another protocol'],
    [`<Document protocol="OCI" xmlns="C" ${XSI}/>`, 'another root'],
    [document('<command xsi:type="A"/>'), 'a command in a namespace'],
    [document('<command type="A" xmlns=""/>'), 'a type that is none'],
    [document('<command xsi:type="A" xmlns:xsi="urn:evil" xmlns=""/>'), 'an instance namespace that is none'],
    [document('<command xsi:type="c:SuccessResponse" xmlns:c="urn:evil" xmlns=""/>'), 'success in a foreign namespace'],
    [document('<command xsi:type="c:SuccessResponse" xmlns=""/>'), 'an undeclared prefix of a value'],
    [document('<e:command xsi:type="A" xmlns=""/>'), 'an undeclared prefix'],
  ];
  for (const [text, reason] of cases) assert.throws(() => readDocument(text), XmlError, reason);
});

test('hostile XML is refused, and no error repeats it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['<!DOCTYPE a [<!ENTITY x "hunter2">]><a>&x;</a>', 'an entity of its own'],
    ['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'a document type'],
    ['<a>&hunter2;</a>', 'an undeclared entity'],
    ['<a>hunter2 & more</a>', 'an ampersand alone'],
    ['<a b="&hunter2;"/>', 'an entity in an attribute'],
    ['<a>&#x110000;</a>', 'a character beyond all'],
    ['<a>&#0;</a>', 'no character'],
    [`${'<a>'.repeat(40)}hunter2${'</a>'.repeat(40)}`, 'too deep'],
    ['<a>'.repeat(200_000), 'too deep by far'],
    ['<a><b>hunter2</a>', 'an open element'],
    ['<a/><hunter2/>', 'two roots'],
    ['hunter2<a/>', 'text before the root'],
    ['<a x="1" x="hunter2"/>', 'an attribute twice'],
    ['<__proto__>hunter2</__proto__>', 'a reserved name'],
    ['<a __proto__="hunter2"/>', 'a reserved attribute'],
    ['', 'nothing'],
    ['hunter2', 'no XML'],
  ];
  for (const [text, reason] of cases)
    assert.throws(
      () => parseXml(text),
      (error) => error instanceof XmlError && !error.message.includes('hunter2') && error.cause === undefined,
      reason,
    );
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
});

test('references to characters are read and written, and nothing is read twice', () => {
  for (const text of ['Zoë', '日本 😀', '<&>"\'', '&amp;lt;', 'a]]>b']) {
    const escaped = escapeXml(text);
    assert.match(escaped, /^[ -~]*$/);
    assert.equal(parseXml(`<a b="${escaped}">${escaped}</a>`).text, text);
    assert.equal(parseXml(`<a b="${escaped}"/>`).attributes.get('b'), text);
  }
  assert.equal(parseXml('<a>&amp;#38;<![CDATA[&amp;<b>]]> x</a>').text, '&#38;&amp;<b> x');
  assert.equal(escapeXml('a\u0000b\u001bc'), 'a&#65533;b&#65533;c');
});

test('absent, nil and empty are three things', () => {
  const answer = only(
    '<command xsi:type="XResponse" xmlns=""><empty/><cleared xsi:nil="true"/><full> a   b </full></command>',
  );
  assert.equal(textOf(answer, 'absent'), null);
  assert.equal(textOf(answer, 'cleared'), null);
  assert.equal(textOf(answer, 'empty'), '');
  assert.equal(textOf(answer, 'full'), 'a b');
  const [empty, cleared] = answer.element.children;
  assert.ok(empty && cleared);
  assert.deepEqual([isNil(empty), isNil(cleared)], [false, true]);
});

test('booleans are words or digits', () => {
  const answer = only('<command xsi:type="X" xmlns=""><a>true</a><b>1</b><c>false</c><d> 0 </d><e>yes</e></command>');
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => booleanOf(answer, name)),
    [true, true, false, false, null, null],
  );
});

test('the number of an error stands in its element or in its text', () => {
  const read = (attributes: string, body: string) =>
    errorOf(only(`<command ${attributes} echo="" xsi:type="c:ErrorResponse" xmlns:c="C" xmlns="">${body}</command>`));
  assert.deepEqual(
    read(
      'type="Error"',
      '<summary>[Error 4410] Not there: X</summary><summaryEnglish>[Error 4410] Not there: X</summaryEnglish>',
    ),
    { number: 4410, level: 'Error', summary: 'Not there: X' },
  );
  assert.deepEqual(read('type="Warning"', '<errorCode>4008</errorCode><summary>[Error 1] Text</summary>'), {
    number: 4008,
    level: 'Warning',
    summary: 'Text',
  });
  assert.deepEqual(read('type="Error"', '<summary>NO_OCS_CONNECTION</summary>'), {
    number: null,
    level: 'Error',
    summary: 'NO_OCS_CONNECTION',
  });
  assert.equal(
    read('', '<summary/><detail><![CDATA[<password>hunter2</password>]]></detail>')?.summary,
    'the server gave no text',
  );
});

test('columns of a table are found by heading, wherever they stand', () => {
  const table = (headings: readonly string[], ...rows: readonly (readonly string[])[]) =>
    tableOf(
      only(
        `<command xsi:type="X" xmlns=""><t>${headings.map((name) => `<colHeading>${name}</colHeading>`).join('')}${rows
          .map((cells) => `<row>${cells.map((cell) => (cell === '' ? '<col/>' : `<col>${cell}</col>`)).join('')}</row>`)
          .join('')}</t></command>`,
      ),
      't',
    );
  for (const rows of [
    table(['Group Id', 'Group Name'], ['Antwerp', ''], ['Ghent', 'G']),
    table(['New', 'Group Name', 'Group Id'], ['x', '', 'Antwerp'], ['', 'G', 'Ghent']),
  ]) {
    assert.deepEqual(
      rows.map((row) => row.get('Group Id')),
      ['Antwerp', 'Ghent'],
    );
    assert.deepEqual(
      rows.map((row) => row.get('Group Name')),
      [null, 'G'],
    );
  }
  assert.deepEqual(table(['Group Id']), []);
});

test('a stream is cut at each closing tag, however it comes', () => {
  const first = document('<command xsi:type="A" xmlns=""><detail><![CDATA[</BroadsoftDocument>]]></detail></command>');
  const second = `<?xml version="1.0"?>\n${document('<command xsi:type="B" xmlns=""/>').replace('</BroadsoftDocument>', '</BroadsoftDocument\n>')}`;
  for (const between of ['', '\n', '\r\n  ', '\n\n']) {
    const stream = Buffer.from(`${between}${first}${between}${second}${between}`);
    for (const size of [1, 2, 7, 64, stream.length]) {
      const cutter = new DocumentCutter();
      const cut: string[] = [];
      for (let at = 0; at < stream.length; at += size)
        for (const bytes of cutter.push(stream.subarray(at, at + size))) cut.push(bytes.toString());
      assert.deepEqual(cut, [first, second], `${size} bytes at once, ${JSON.stringify(between)} between`);
    }
  }
});

test('a document that does not end is given up at the limit, in whatever pieces it comes', () => {
  for (const start of ['<a>', '<a><![CDATA[']) {
    const cutter = new DocumentCutter(1_000_000);
    assert.throws(() => {
      for (let sent = 0; sent < 2_000_000; sent += 1_000)
        cutter.push(Buffer.from(sent === 0 ? start.padEnd(1_000) : 'x'.repeat(1_000)));
    }, TooLong);
  }
});

test('a document is read in the encoding that it declares', () => {
  const of = (declaration: string, encoding: BufferEncoding) =>
    decodeDocument(Buffer.from(`${declaration}<a>Zoë</a>`, encoding)).replace(/^<\?.*?\?>/, '');
  assert.equal(of('', 'utf8'), '<a>Zoë</a>');
  assert.equal(of('<?xml version="1.0" encoding="UTF-8"?>', 'utf8'), '<a>Zoë</a>');
  assert.equal(of('<?xml version="1.0" encoding="ISO-8859-1"?>', 'latin1'), '<a>Zoë</a>');
  assert.equal(of("<?xml version='1.0' encoding = 'iso-8859-1' standalone='yes'?>", 'latin1'), '<a>Zoë</a>');
  assert.equal(of('\uFEFF', 'utf8'), '<a>Zoë</a>');
});

test('a document in which anything was changed is read or refused, and nothing else happens', () => {
  const whole = document(
    '<command type="Error" echo="" xsi:type="c:ErrorResponse" xmlns:c="C" xmlns=""><summary>[Error 1] a &amp; b</summary><detail><![CDATA[<x>]]></detail></command>' +
      '<command xsi:type="XResponse" xmlns=""><t><colHeading>A</colHeading><row><col/></row></t><n xsi:nil="true"/></command>',
  );
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    '&',
    ';',
    '"',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    'xmlns=""',
    'xsi:',
    '\0',
    'é',
    '__proto__',
    '#x0;',
    ':',
  );
  const change = fc.record({ at: fc.nat(whole.length), remove: fc.nat(12), insert: fc.array(piece, { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = whole;
      for (const { at, remove, insert } of changes)
        text = text.slice(0, at) + insert.join('') + text.slice(at + remove);
      try {
        for (const answer of readDocument(text).answers) {
          errorOf(answer);
          tableOf(answer, 't');
        }
      } catch (error) {
        assert.ok(error instanceof XmlError, `${text}\n${String(error)}`);
      }
    }),
    { numRuns: 3_000 },
  );
});
