/** Small clients of the protocols of mail: a line goes, lines come. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** No answer takes this long on the slowest machine, in milliseconds: without its database Dovecot keeps a delivery waiting. */
const ANSWER_MAX_MS = 300_000;

/** A connection whose lines are read one by one. */
export class LineClient {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';
  #isEnded = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const parts = (this.#rest + chunk).split('\n');
      this.#rest = parts.pop() ?? '';
      this.#lines.push(...parts.map((line) => line.replace(/\r$/, '')));
      this.#wake();
    });
    socket.on('error', () => {}); // It ends, which is what a reader sees.
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  /** To a port of this machine, or to a socket in the file system. */
  static async open(where: number | string): Promise<LineClient> {
    const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where);
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  send(text: string): void {
    this.#socket.write(`${text}\r\n`);
  }

  /** The next line; null at the end of the connection. */
  async line(): Promise<string | null> {
    const until = Date.now() + ANSWER_MAX_MS;
    while (this.#lines.length === 0 && !this.#isEnded) {
      if (Date.now() > until) throw new Error('no answer');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ANSWER_MAX_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift() ?? null;
  }

  /** Lines up to the one that matches, it included; all that come where the connection ends before. */
  async until(pattern: RegExp): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) return lines;
      lines.push(line);
      if (pattern.test(line)) return lines;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** An IMAP connection after its greeting. */
export async function openImap(port: number): Promise<LineClient> {
  const client = await LineClient.open(port);
  await client.line();
  return client;
}

/** What IMAP answers to a command, without its tag: `OK …`, `NO …`, `BAD …`; `end` where the server hangs up. */
export async function imapAnswer(client: LineClient, command: string): Promise<string> {
  client.send(`a ${command}`);
  const lines = await client.until(/^a /);
  return lines.at(-1)?.replace(/^a /, '') ?? 'end';
}

/** The answer to a login, by SASL, so that a name may have any character. Without what the server can do. */
export async function imapLogin(port: number, user: string, password: string): Promise<string> {
  const client = await openImap(port);
  const answer = await imapAnswer(client, `AUTHENTICATE PLAIN ${base64(`\0${user}\0${password}`)}`);
  client.close();
  return answer.replace(/\[CAPABILITY [^\]]*\] /, '');
}

export async function pop3Login(port: number, user: string, password: string): Promise<string> {
  const client = await LineClient.open(port);
  await client.line();
  client.send(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  const answer = (await client.line()) ?? 'end';
  client.close();
  return answer;
}

/** How many messages lie in the inbox. */
export async function countMail(port: number, user: string, password: string): Promise<number> {
  const client = await openImap(port);
  const login = await imapAnswer(client, `AUTHENTICATE PLAIN ${base64(`\0${user}\0${password}`)}`);
  if (!login.startsWith('OK')) throw new Error(login);
  client.send('b STATUS INBOX (MESSAGES)');
  const lines = await client.until(/^b /);
  client.close();
  return Number(/MESSAGES (\d+)/.exec(lines.join('\n'))?.[1]);
}

/** An SMTP or LMTP answer: the last line of it. */
async function smtpAnswer(client: LineClient): Promise<string> {
  return (await client.until(/^\d{3} /)).at(-1) ?? 'end';
}

/** Speaks SMTP or LMTP line by line and stops at the first refusal; gives the last answer. */
export async function converse(
  where: number | string,
  commands: readonly string[],
  beforeEach: (command: string) => Promise<void> | void = () => {},
): Promise<string> {
  const client = await LineClient.open(where);
  let answer = await smtpAnswer(client);
  for (const command of commands) {
    if (!/^[23]/.test(answer)) break;
    await beforeEach(command);
    client.send(command);
    answer = await smtpAnswer(client);
  }
  client.close();
  return answer;
}

/** A message as it goes after DATA. */
export const message = (text: string) => ['Subject: Hello', '', text, '.'].join('\r\n');

/** Delivers a message as Postfix does. */
export function deliver(socket: string, recipient: string, text = 'Text.'): Promise<string> {
  return converse(socket, [
    'LHLO test',
    'MAIL FROM:<world@elsewhere.example>',
    `RCPT TO:<${recipient}>`,
    'DATA',
    message(text),
  ]);
}

/** What Dovecot's auth service answers Postfix: `OK` or `FAIL` with its fields. */
export async function saslAnswer(socket: string, user: string, password: string): Promise<string> {
  const client = await LineClient.open(socket);
  client.send(`VERSION\t1\t1\nCPID\t${process.pid}`);
  await client.until(/^DONE/);
  const response = base64(`\0${user}\0${password}`);
  client.send(`AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=127.0.0.1\trip=127.0.0.1\tresp=${response}`);
  const answer = (await client.until(/^(OK|FAIL)/)).at(-1) ?? 'end';
  client.close();
  return answer.replaceAll('\t', ' ');
}
