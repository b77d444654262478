/** Understands the engine's list of a container's processes and threads, as `ps -eLo pid,ppid,lwp,stat,wchan:32,rss,args` prints it. */

import { asList, asRecord } from '../../../lib/shape.js';

/** What the engine is asked to pass to `ps` on its host: one row for each thread. */
export const PS_ARGS = '-eLo pid,ppid,lwp,stat,wchan:32,rss,args';

export interface Thread {
  readonly tid: number;
  /** The first letter of its state: R, S, D, T, t, Z, I. */
  readonly state: string;
  /** The function of the kernel that it sleeps in; `-` or `0` where there is none. */
  readonly waitChannel: string;
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly rssKiB: number;
  readonly command: string;
  readonly threads: readonly Thread[];
}

const MAX_ROWS = 4000;
const COLUMNS = ['PID', 'PPID', 'LWP', 'STAT', 'WCHAN', 'RSS', 'COMMAND'];

/** Empty: the columns are not those that were asked for, as from an engine with a `ps` of its own. */
export function parseProcessTable(answer: unknown): readonly Process[] {
  const { Titles, Processes } = asRecord(answer, 'top');
  const titles = asList(Titles, 'Titles').map(String);
  if (COLUMNS.some((title) => !titles.includes(title))) return [];
  const processes = new Map<number, Process & { readonly threads: Thread[] }>();
  for (const row of asList(Processes ?? [], 'Processes').slice(0, MAX_ROWS)) {
    const cells = asList(row, 'Processes').map(String);
    const cell = (title: string): string => cells[titles.indexOf(title)] ?? '';
    const pid = Number(cell('PID'));
    const thread = { tid: Number(cell('LWP')), state: cell('STAT').slice(0, 1), waitChannel: cell('WCHAN') };
    const known = processes.get(pid);
    known?.threads.push(thread);
    if (known || !Number.isInteger(pid)) continue;
    const facts = {
      pid,
      parent: Number(cell('PPID')),
      rssKiB: Number(cell('RSS')),
      command: cell('COMMAND'),
    };
    processes.set(pid, { ...facts, threads: [thread] });
  }
  return [...processes.values()];
}
