/**
 * What can be known of a process by its pid. A pid alone names nobody, because pids are used again; together with the
 * time its process started it does.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export type RunningProcess = {
  pid: number;
  /** Differs between two processes that had the same pid. Only good for comparing. */
  startMark: string;
  /** Command and arguments, joined by spaces. */
  commandLine: string;
};

/** Gives the process if it runs; null when it is gone, or a zombie that only waits to be reaped. */
export async function findProcess(pid: number): Promise<RunningProcess | null> {
  return process.platform === 'linux' ? findInProc(pid) : findWithPs(pid);
}

async function findInProc(pid: number): Promise<RunningProcess | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const rawCommandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    // The name in parentheses is the second field and may hold spaces, so the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    const startTicks = fields[19];
    if (startTicks === undefined || state === 'Z' || state === 'X') return null;
    // Ticks count from the boot, so the boot belongs to the mark.
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const commandLine = rawCommandLine.replaceAll('\0', ' ').trim();
    return { pid, startMark: `${bootId.trim()}:${startTicks}`, commandLine };
  } catch {
    // The folder of a process vanishes with it, at any moment.
    return null;
  }
}

async function findWithPs(pid: number): Promise<RunningProcess | null> {
  try {
    const format = ['-o', 'stat=', '-o', 'lstart=', '-o', 'command='];
    const { stdout } = await promisify(execFile)('ps', [...format, '-p', String(pid)], { env: { LC_ALL: 'C' } });
    const match = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*\S)\s*$/.exec(stdout);
    const [, state = '', startMark = '', commandLine = ''] = match ?? [];
    return match === null || state.startsWith('Z') ? null : { pid, startMark, commandLine };
  } catch {
    return null;
  }
}
