/** Says in words what the processes of a container wait for. */

import type { Halt } from '../../../fleet/process-model.js';
import { counted } from '../../../lib/counted.js';
import { escapeControls } from '../../../lib/escape-controls.js';
import { scrubCredentials } from '../../../lib/scrub.js';
import type { Process, Thread } from './process-table.js';
import { WAIT_KINDS, WAITS_FOR, type WaitKind, waitKindOf } from './wait-kinds.js';

/** What more is known of a thread where the daemon sees the host's processes. */
export interface ThreadDetail {
  /** The socket that it reads or writes: `grobid:8070`. */
  readonly peer?: string;
  /** The mount that it reads or writes: `/data (nfs4)`. */
  readonly mount?: string;
}

export interface ProcessDetails {
  readonly threads: ReadonlyMap<number, ThreadDetail>;
  /** Where its connections lead to; undefined: not visible. */
  readonly peers: readonly string[] | undefined;
  /** Network file systems that it sees. */
  readonly networkMounts: readonly string[];
  /** Children that ended and were not collected; the engine's list leaves them out. */
  readonly zombies: number;
}

const MAX_COMMAND = 80;
const MAX_LISTED = 5;
const MAX_GROUPS = 4;

/** Empty: no process is known. */
export function describeProcesses(
  processes: readonly Process[],
  detailsOf: (process: Process) => ProcessDetails | undefined,
): readonly string[] {
  const living = livingOf(processes);
  const main = mainOf(living);
  if (!main) return [];
  const details = detailsOf(main);
  const others = living.length - 1;
  const beside = others > 0 ? `; ${counted(others, 'other process')} beside it` : '';
  const first = `process ${main.pid} (${nameOf(main)}) ${describeThreads(main.threads, details)}${beside}`;
  const zombies = Math.max(processes.length - living.length, details?.zombies ?? 0);
  return [first, ...describeSurroundings(main, details), ...describeZombies(zombies)];
}

/** What the main process does: that one of its threads runs, or the most telling of what they wait for. */
export function mainWait(processes: readonly Process[]): string | undefined {
  const threads = mainOf(processes)?.threads ?? [];
  const kinds = new Set(threads.map(waitKindOf));
  const kind = kinds.has('running') ? 'running' : WAIT_KINDS.find((one) => kinds.has(one));
  return kind && phraseOf(kind, {})[0];
}

/** Undefined: its main process may go on by itself, or none is known. */
export function haltOf(processes: readonly Process[]): Halt | undefined {
  const main = mainOf(livingOf(processes));
  const kinds = new Set(main?.threads.map(waitKindOf));
  const [kind] = kinds.size === 1 ? kinds : [];
  return kind === 'stopped' || kind === 'disk' ? kind : undefined;
}

function livingOf(processes: readonly Process[]): readonly Process[] {
  return processes.filter((one) => !one.threads.every(({ state }) => state === 'Z' || state === 'X'));
}

/** The one with the most memory among those that do not merely wait for a child, as a shell does for what it started. */
function mainOf(processes: readonly Process[]): Process | undefined {
  const bySize = processes.toSorted((one, other) => other.rssKiB - one.rssKiB);
  const isParentOnly = ({ threads }: Process): boolean => threads.every((one) => waitKindOf(one) === 'child');
  return bySize.find((one) => !isParentOnly(one)) ?? bySize[0];
}

function nameOf({ command }: Process): string {
  const text = escapeControls(scrubCredentials(command));
  return text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND)}…` : text;
}

/** One verb for one thread, one for several. */
type Phrase = readonly [singular: string, plural: string];

interface Group {
  readonly kind: WaitKind;
  readonly phrase: Phrase;
  readonly count: number;
}

function describeThreads(threads: readonly Thread[], details: ProcessDetails | undefined): string {
  const groups = groupThreads(threads, details);
  const [first] = groups;
  const total = threads.length;
  if (!first || total === 1) return first?.phrase[0] ?? 'has no thread';
  if (groups.length === 1) {
    const hint = first.kind === 'lock' ? ': a deadlock is likely' : '';
    return `has ${total} threads, all of which ${first.phrase[1]}${hint}`;
  }
  const shown = groups
    .slice(0, MAX_GROUPS)
    .map(({ phrase, count }) => `${count} ${count === 1 ? phrase[0] : phrase[1]}`);
  return `has ${total} threads: ${shown.join(', ')}${groups.length > MAX_GROUPS ? ', …' : ''}`;
}

function groupThreads(threads: readonly Thread[], details: ProcessDetails | undefined): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const thread of threads) {
    const kind = waitKindOf(thread);
    const phrase = phraseOf(kind, details?.threads.get(thread.tid) ?? {});
    groups.set(phrase[0], { kind, phrase, count: (groups.get(phrase[0])?.count ?? 0) + 1 });
  }
  return [...groups.values()].toSorted(
    (one, other) => WAIT_KINDS.indexOf(one.kind) - WAIT_KINDS.indexOf(other.kind),
  );
}

function phraseOf(kind: WaitKind, { peer, mount }: ThreadDetail): Phrase {
  switch (kind) {
    case 'stopped':
      return both('stopped by a signal (state T; SIGCONT continues it)');
    case 'traced':
      return both('stopped by a debugger (state t)');
    case 'running':
      return ['runs', 'run'];
    case 'zombie':
      return ['has ended', 'have ended'];
    case 'disk':
      return waiting(`${mount ?? WAITS_FOR.disk} and cannot be interrupted (state D)`);
    case 'socket':
      return waiting(peer === undefined ? WAITS_FOR.socket : `data from ${peer}`);
    default:
      return waiting(WAITS_FOR[kind]);
  }
}

const both = (what: string): Phrase => [`is ${what}`, `are ${what}`];
const waiting = (what: string): Phrase => [`waits for ${what}`, `wait for ${what}`];

function describeSurroundings({ threads }: Process, details: ProcessDetails | undefined): readonly string[] {
  const kinds = new Set(threads.map(waitKindOf));
  const waitsOutside = kinds.has('socket') || kinds.has('event') || kinds.has('disk');
  if (!details) {
    return waitsOutside
      ? ['what it waits for is not visible: the daemon must see the processes of the host (pid: host)']
      : [];
  }
  const { peers, networkMounts } = details;
  const isMountUnknown = threads.some(
    (one) => waitKindOf(one) === 'disk' && details.threads.get(one.tid)?.mount === undefined,
  );
  return [
    ...(isMountUnknown && networkMounts.length > 0
      ? [`its network file systems: ${list(networkMounts)}`]
      : []),
    ...(peers === undefined || !waitsOutside
      ? []
      : [peers.length === 0 ? 'it has no TCP connection' : `its TCP connections: ${list(peers)}`]),
  ];
}

function list(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  return more > 0 ? `${names.slice(0, MAX_LISTED).join(', ')} and ${more} more` : names.join(', ');
}

function describeZombies(zombies: number): readonly string[] {
  return zombies === 0
    ? []
    : [`${counted(zombies, 'child process')} ended, and no parent has collected the result (zombie)`];
}
