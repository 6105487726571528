/** A real nginx with the files that we ship, before an application that tells what reaches it. */
import { type IncomingHttpHeaders, type Server, createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Cleanup } from '#test/database.ts';
import { deploy, freePort, makeFolder, startProgram } from '#test/real-server.ts';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Nginx {
  /** Sends a request to nginx, with the path as it is. */
  readonly ask: (
    path: string,
    headers?: Readonly<Record<string, string>>,
    method?: string,
    body?: string,
  ) => Promise<Answered>;
  /** What has reached the application so far. */
  readonly reached: readonly { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }[];
}

/** Starts nginx. `subject` is an expression of nginx that names whom a request beneath /named/ is of. */
export async function startNginx(
  t: Cleanup,
  settings: Readonly<Record<string, string>>,
  subject = '$arg_who',
): Promise<Nginx> {
  const folder = await makeFolder(t, 'nginx');
  const port = await freePort();
  const reached: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const application = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      reached.push({ url: request.url ?? '', headers: request.headers, body });
      response.end('served');
    });
  });
  const applicationPort = await listen(t, application);
  await deploy('nginx', folder, 'postgres://nobody@127.0.0.1:1/none', {
    cache_folder: join(folder, 'cache'),
    ...settings,
  });
  await mkdir(join(folder, 'logs'));
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/logs/error.log info;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  large_client_header_buffers 8 32k;
  include conf.d/abeyance.conf;
  server {
    listen 127.0.0.1:${port};
    include abeyance/server.conf;
    location / {
      include abeyance/own-key.conf;
      include abeyance/headers.conf;
      proxy_pass http://127.0.0.1:${applicationPort};
    }
    location /named/ {
      set $abeyance_subject "${subject}";
      set $abeyance_destination $arg_to;
      include abeyance/subject.conf;
      include abeyance/headers.conf;
      proxy_pass http://127.0.0.1:${applicationPort};
    }
    location /named/calls {
      set $abeyance_subject "${subject}";
      set $abeyance_action call.out;
      set $abeyance_destination $arg_to;
      include abeyance/subject.conf;
      include abeyance/headers.conf;
      proxy_pass http://127.0.0.1:${applicationPort};
    }
    location /nobody/ {
      include abeyance/subject.conf;
      proxy_pass http://127.0.0.1:${applicationPort};
    }
  }
}
`,
  );
  const ask: Nginx['ask'] = (path, headers = {}, method = 'GET', body) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ port, method, path, headers: { ...headers }, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  await startProgram(t, 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', join(folder, 'logs/error.log')], () =>
    ask('/').then(
      () => true,
      () => false,
    ),
  );
  return { ask, reached };
}

/** Has a server listen on a port of its own, until the test ends. */
export async function listen(t: Cleanup, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
