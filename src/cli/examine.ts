/**
 * The examinations of `doctor`, from near to far: program, token, connection, server, systems.
 *
 * Each finding stands by itself and a failed one does not end the examination. Nothing is repaired here.
 */
import { statSync } from 'node:fs';
import type { WhoAmIView } from './api-types.ts';
import type { Client } from './client.ts';
import { ApiProblem, Interrupted, Unreachable } from './client-error.ts';
import type { Connection } from './connection.ts';
import { examineSystems } from './examine-systems.ts';
import { findInstallation } from './find-installation.ts';
import { callerName } from './render/caller-name.ts';

export type FindingState = 'right' | 'doubtful' | 'wrong';

export interface Finding {
  readonly state: FindingState;
  readonly subject: string;
  readonly detail: string;
  /** What to do about it. */
  readonly help?: string;
}

export interface Examination {
  readonly findings: readonly Finding[];
  readonly isReachable: boolean;
  readonly isAllowed: boolean;
}

interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, unknown>>;
}

const NODE_MAJOR_MIN = 24;
/** A scheduler that is later than this with holds that begin or end does not keep its promise of a second. */
const LAG_MAX_MS = 1000;

/** Examines everything that can be seen from here. */
export async function examine(client: Client, connection: Connection): Promise<Examination> {
  const findings: Finding[] = [nodeFinding(process.versions.node), tokenFinding(connection)];
  const server = await serverFindings(client);
  findings.push(...server.findings);
  if (!server.isReachable) return { findings, isReachable: false, isAllowed: true };
  const access = await accessFinding(client);
  findings.push(access);
  if (access.state !== 'wrong') findings.push(...(await examineSystems(client)));
  return { findings, isReachable: true, isAllowed: access.state !== 'wrong' };
}

function nodeFinding(version: string): Finding {
  const isRight = Number.parseInt(version, 10) >= NODE_MAJOR_MIN;
  return isRight
    ? { state: 'right', subject: 'Node.js', detail: `version ${version}` }
    : {
        state: 'wrong',
        subject: 'Node.js',
        detail: `version ${version} is too old`,
        help: `npm ci brings version ${NODE_MAJOR_MIN} along`,
      };
}

function tokenFinding({ token, login, tokenSource }: Connection): Finding {
  const subject = 'credential';
  if (login !== undefined) return { state: 'right', subject, detail: `login ${login.name}, from ${tokenSource}` };
  if (token === null)
    return {
      state: 'wrong',
      subject,
      detail: tokenSource,
      help: 'name its file with --token-file, or set ABEYANCE_TOKEN, or ABEYANCE_LOGIN with ABEYANCE_PASSWORD',
    };
  const mode = tokenSource === 'ABEYANCE_TOKEN' ? undefined : statSync(tokenSource, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o077) !== 0)
    return {
      state: 'doubtful',
      subject,
      detail: `others on this machine may read ${tokenSource}`,
      help: `chmod 600 ${tokenSource}`,
    };
  return { state: 'right', subject, detail: `from ${tokenSource}` };
}

async function serverFindings(client: Client): Promise<{ findings: Finding[]; isReachable: boolean }> {
  const subject = 'server';
  try {
    const { ready, checks } = await client.get<Readiness>('/readyz');
    return {
      isReachable: true,
      findings: [
        { state: ready ? 'right' : 'wrong', subject, detail: `${client.url} is ${ready ? 'ready' : 'not ready'}` },
        ...checkFindings(checks),
      ],
    };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    if (error instanceof Unreachable)
      return { isReachable: false, findings: [{ state: 'wrong', subject, detail: error.message }] };
    const detail = error instanceof ApiProblem ? `${client.url} is not ready: ${error.message}` : String(error);
    return { isReachable: true, findings: [{ state: 'wrong', subject, detail, help: "the server's log says more" }] };
  }
}

/** One finding for each check of the server: a word, a yes or no, or an object with numbers. */
function checkFindings(checks: Readonly<Record<string, unknown>>): Finding[] {
  return Object.entries(checks).map(([subject, value]): Finding => {
    const lagMs =
      typeof value === 'object' && value !== null && 'lagMs' in value && typeof value.lagMs === 'number'
        ? value.lagMs
        : null;
    if (lagMs !== null && lagMs > LAG_MAX_MS)
      return {
        state: 'doubtful',
        subject,
        detail: `${lagMs} ms late`,
        help: 'holds begin and end late; is the database busy?',
      };
    if (lagMs !== null) return { state: 'right', subject, detail: `${lagMs} ms late` };
    const isWrong =
      value === false ||
      (typeof value === 'object' && value !== null && 'ok' in value && value.ok === false) ||
      value === 'failed';
    return {
      state: isWrong ? 'wrong' : 'right',
      subject,
      detail: typeof value === 'string' ? value : JSON.stringify(value),
    };
  });
}

async function accessFinding(client: Client): Promise<Finding> {
  try {
    const installation = await findInstallation(client);
    if (installation === null) return await callerFinding(client);
    const { version, epoch, revision, entities } = installation;
    return {
      state: 'right',
      subject: 'access',
      detail: `Abeyance ${version}, ${entities.toLocaleString('en')} entities, revision ${revision}, epoch ${epoch}`,
    };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    const detail = error.message;
    if (error.httpStatus !== 401) return { state: 'wrong', subject: 'access', detail };
    return { state: 'wrong', subject: 'access', detail, help: 'is this a credential of this server?' };
  }
}

/** The installation as a whole is for the platform to see; to others the server says who they are. */
async function callerFinding(client: Client): Promise<Finding> {
  const me = await client.get<WhoAmIView>('/v1/me');
  const acting = me.actsAs === me.account ? `of account ${me.account}` : `acting as account ${me.actsAs}`;
  const detail = `${callerName(me)}, ${acting}, with the level of the ${me.level}`;
  if (!me.heldByItself) return { state: 'right', subject: 'access', detail };
  return { state: 'doubtful', subject: 'access', detail: `${detail}, held by its own hold`, help: 'resume lifts it' };
}
