/** The figures around a list, for every size of list and page. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import Fastify from 'fastify';
import { XMLParser } from 'fast-xml-parser';

import { Problem } from '#core/problem.ts';
import { queryOf } from '#faces/shared/parameters.ts';

import { type PagedList, sendPage } from './page.ts';

interface Thing {
  readonly sid: string;
}

const LIST: PagedList<Thing> = {
  shape: { one: 'Call', many: 'Calls', members: [{ json: 'sid', xml: 'Sid', of: ({ sid }) => sid }] },
  array: 'calls',
  sidOf: ({ sid }) => sid,
  isPagedInXml: true,
};
const PATH = '/restcomm/2012-04-24/Accounts/ACx/Calls';
const asked: { offset: number; limit: number }[] = [];

const app = Fastify({ exposeHeadRoutes: false });
after(() => app.close());
app.setErrorHandler((error, _request, reply) => reply.code(error instanceof Problem ? 400 : 500).send());
app.get<{ Params: { kind: string; total: string } }>(`${PATH}/:kind/:total`, (request, reply) =>
  sendPage(
    { reply, query: queryOf(request.url) },
    request.params.kind === 'bare' ? { ...LIST, isPagedInXml: undefined as never } : LIST, // Absent, as in other lists.
    (offset, limit) => {
      asked.push({ offset, limit });
      const total = Number(request.params.total);
      const count = Math.max(0, Math.min(limit, total - offset));
      return { total, items: Array.from({ length: count }, (_, index) => ({ sid: `CA${offset + index}` })) };
    },
  ),
);

const json = (total: number, query = '') =>
  app.inject({ url: `${PATH}/full/${total}${query}`, headers: { accept: 'application/json' } });

const URI = '/2012-04-24/Accounts/ACx/Calls/full';

test('the figures of every page', async () => {
  const table = [
    // total, query, page, num_pages, page_size, start, end, rows, previous, next, last
    [0, '', 0, 0, 50, '0', '0', 0, null, null, 0],
    [49, '', 0, 0, 50, '0', '49', 49, null, null, 0],
    [50, '', 0, 1, 50, '0', '49', 50, null, 'Page=1&PageSize=50&AfterSid=CA49', 1],
    [50, '?Page=1', 1, 1, 50, '50', '50', 0, 0, null, 1],
    [7, '?Page=1&PageSize=3', 1, 2, 3, '3', '5', 3, 0, 'Page=2&PageSize=3&AfterSid=CA5', 2],
    [7, '?Page=2&PageSize=3', 2, 2, 3, '6', '7', 1, 1, null, 2],
    [7, '?PageSize=99999999', 0, 0, 99_999_999, '0', '7', 7, null, null, 0],
    [7, '?Page=&PageSize=', 0, 0, 50, '0', '7', 7, null, null, 0],
  ] as const;
  for (const [total, query, page, pages, size, start, end, rows, previous, next, last] of table) {
    const answer = await json(total, query);
    assert.equal(answer.statusCode, 200, query);
    const { calls, ...figures } = answer.json<{ calls: Thing[] }>();
    const uri = `${URI}/${total}`;
    assert.deepEqual(Object.entries(figures), [
      ['page', page],
      ['num_pages', pages],
      ['page_size', size],
      ['total', total],
      ['start', start],
      ['end', end],
      ['uri', uri],
      ['first_page_uri', `${uri}?Page=0&PageSize=${size}`],
      ['previous_page_uri', previous === null ? null : `${uri}?Page=${previous}&PageSize=${size}`],
      ['next_page_uri', next === null ? null : `${uri}?${next}`],
      ['last_page_uri', `${uri}?Page=${last}&PageSize=${size}`],
    ]);
    assert.equal(calls.length, rows);
  }
});

test('a page that there is not, and what is no number, is refused', async () => {
  for (const query of [
    'Page=1',
    'Page=-1',
    'Page=x',
    'Page=1.5',
    'PageSize=0',
    'PageSize=-1',
    'PageSize=x',
    'Page=1e3',
  ])
    assert.equal((await json(49, `?${query}`)).statusCode, 400, query);
  assert.equal((await json(50, '?Page=2')).statusCode, 400);
  assert.equal((await json(50, '?Page=999999999999999&PageSize=999999999999999')).statusCode, 400);
});

test('no more rows are read than one answer has', async () => {
  asked.length = 0;
  const answer = await json(30_000, '?PageSize=99999999');
  assert.deepEqual(asked, [{ offset: 0, limit: 10_000 }]);
  assert.equal(answer.json<{ end: string }>().end, '10000');
});

test('whoever follows the pages finds the same list and every row of it once', async () => {
  const found: string[] = [];
  let query: string | null = '?PageSize=4&From=%2B31&Status=completed';
  while (query !== null) {
    const body: { calls: Thing[]; next_page_uri: string | null } = (await json(11, query)).json();
    found.push(...body.calls.map(({ sid }) => sid));
    query = body.next_page_uri === null ? null : body.next_page_uri.slice(body.next_page_uri.indexOf('?'));
    if (query !== null) assert.equal(queryOf(query).text('From'), '+31');
  }
  assert.deepEqual(
    found,
    Array.from({ length: 11 }, (_, index) => `CA${index}`),
  );
});

test('in XML the figures are attributes, where the list has them; what is absent has none', async () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' });
  const xml = async (kind: string, total: number, query = '') =>
    parser.parse((await app.inject({ url: `${PATH}/${kind}/${total}${query}` })).body).RestcommResponse.Calls;
  const first = await xml('full', 7, '?PageSize=3');
  assert.deepEqual(first, {
    '@page': '0',
    '@numpages': '2',
    '@pagesize': '3',
    '@total': '7',
    '@start': '0',
    '@end': '2',
    '@uri': `${URI}/7`,
    '@firstpageuri': `${URI}/7?Page=0&PageSize=3`,
    '@nextpageuri': `${URI}/7?Page=1&PageSize=3&AfterSid=CA2`,
    '@lastpageuri': `${URI}/7?Page=2&PageSize=3`,
    Call: [{ Sid: 'CA0' }, { Sid: 'CA1' }, { Sid: 'CA2' }],
  });
  assert.equal((await xml('full', 0))['@total'], '0');
  assert.deepEqual(await xml('bare', 2), { Call: [{ Sid: 'CA0' }, { Sid: 'CA1' }] });
});
