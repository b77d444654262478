/**
 * Reads from the host's /proc what threads of a container wait for: the socket or file that a system call was made on.
 * Nothing here is read that could wait for a stuck file system or process: no file of the container, no command line.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { ProcessDetails, ThreadDetail } from './describe-processes.js';
import type { Process } from './process-table.js';
import { waitKindOf } from './wait-kinds.js';

export interface ProcOptions {
  readonly procRoot?: string;
  /** Name of the container that has the address. */
  nameOf(address: string): string | undefined;
}

interface Connection {
  readonly inode: string;
  /** `grobid:8070`, or the address where no container has it. */
  readonly peer: string;
}

const MAX_THREADS = 256;
const MAX_FDS = 1024;
const MAX_CHILDREN = 256;
const MAX_TABLE_BYTES = 1_048_576;
const ESTABLISHED = '01';
const NETWORK_TYPES = /^(fuse|nfs|cifs|smb|ceph|lustre|gpfs|beegfs|glusterfs|9p|afs)/;
/** `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`. */
const TCP_LINE = /^\s*\d+: \S+ ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+)/i;

/** Undefined: the process is not visible here, or another has its number. */
export function readProcDetails(
  id: string,
  process: Process,
  options: ProcOptions,
): ProcessDetails | undefined {
  const folder = join(options.procRoot ?? '/proc', String(process.pid));
  try {
    if (!readFileSync(join(folder, 'cgroup'), 'utf8').includes(id)) return undefined;
    const connections = readConnections(folder, options);
    const targets = readTargets(folder);
    const mounts = readMounts(folder);
    const threads = new Map<number, ThreadDetail>();
    for (const thread of process.threads.slice(0, MAX_THREADS)) {
      const kind = waitKindOf(thread);
      if (kind !== 'socket' && kind !== 'disk') continue;
      const target = targets.get(firstArgument(join(folder, 'task', String(thread.tid), 'syscall')) ?? -1);
      if (target !== undefined) threads.set(thread.tid, describeTarget(target, connections, mounts));
    }
    const own = new Set(targets.values());
    const peers = connections.filter(({ inode }) => own.has(`socket:[${inode}]`)).map(({ peer }) => peer);
    return {
      threads,
      peers: [...new Set(peers)].toSorted(),
      networkMounts: mounts.filter(({ type }) => NETWORK_TYPES.test(type)).map(describeMount),
      zombies: countZombies(process, options.procRoot ?? '/proc'),
    };
  } catch {
    // It has ended since, or may not be read: nothing follows from that.
    return undefined;
  }
}

function countZombies({ pid, threads }: Process, procRoot: string): number {
  const children = threads
    .slice(0, MAX_THREADS)
    .flatMap(({ tid }) =>
      readIfThere(join(procRoot, String(pid), 'task', String(tid), 'children')).split(' '),
    )
    .filter((child) => child !== '');
  // `pid (name) state …`; the name may have brackets and spaces.
  const isZombie = (child: string): boolean => /\) Z [^)]*$/.test(readIfThere(join(procRoot, child, 'stat')));
  return children.slice(0, MAX_CHILDREN).filter(isZombie).length;
}

/** A thread or child may end at any moment, and some kernels do not list children. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A read, write, send or receive has its file descriptor first; whatever else stands there is none of the open ones. */
function firstArgument(path: string): number | undefined {
  const [, first] = readFileSync(path, 'utf8').split(' ');
  const value = first === undefined ? NaN : Number(first);
  return Number.isInteger(value) && value >= 0 && value < 1_048_576 ? value : undefined;
}

/** File descriptor to what it is: a path, or `socket:[inode]`. */
function readTargets(folder: string): ReadonlyMap<number, string> {
  const targets = new Map<number, string>();
  for (const name of readdirSync(join(folder, 'fd')).slice(0, MAX_FDS)) {
    try {
      targets.set(Number(name), readlinkSync(join(folder, 'fd', name)));
    } catch {
      // It was closed meanwhile.
    }
  }
  return targets;
}

function describeTarget(
  target: string,
  connections: readonly Connection[],
  mounts: readonly Mount[],
): ThreadDetail {
  const connection = connections.find(({ inode }) => target === `socket:[${inode}]`);
  if (connection) return { peer: connection.peer };
  const mount = target.startsWith('/') ? mountOf(target, mounts) : undefined;
  return mount ? { mount: describeMount(mount) } : {};
}

function readConnections(folder: string, { nameOf }: ProcOptions): readonly Connection[] {
  return ['net/tcp', 'net/tcp6'].flatMap((name) =>
    readTable(join(folder, name))
      .split('\n')
      .flatMap((line): Connection[] => {
        const [, hex = '', port = '', state, inode = ''] = TCP_LINE.exec(line) ?? [];
        if (state !== ESTABLISHED) return [];
        const address = parseAddress(hex);
        const host = nameOf(address) ?? (isIPv4(address) ? address : `[${address}]`);
        return [{ inode, peer: `${host}:${Number.parseInt(port, 16)}` }];
      }),
  );
}

/** A kernel without IPv6 has no table for it. */
function readTable(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > MAX_TABLE_BYTES ? '' : text;
  } catch (error) {
    if (path.endsWith('tcp6')) return '';
    throw error;
  }
}

/** Words of 32 bits, each in the byte order of the host, which is little-endian wherever Docker runs with GPUs. */
export function parseAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)?.flatMap((word) => (word.match(/../g) ?? []).toReversed()) ?? [];
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16));
  if (numbers.length === 4) return numbers.join('.');
  const isMapped =
    numbers.slice(0, 10).every((one) => one === 0) && numbers[10] === 255 && numbers[11] === 255;
  if (isMapped) return numbers.slice(12).join('.');
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  // The engine writes addresses in their short form.
  return groups.length === 8 ? new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1) : hex;
}

interface Mount {
  readonly point: string;
  readonly type: string;
}

/** `id parent major:minor root point options … - type source options`; spaces in it are octal escapes. */
function readMounts(folder: string): readonly Mount[] {
  return readFileSync(join(folder, 'mountinfo'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [before = '', after] = line.split(' - ');
      const point = before.split(' ')[4];
      const type = after?.split(' ')[0];
      return point === undefined || type === undefined ? [] : [{ point: decodeOctal(point), type }];
    });
}

function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts
    .filter(({ point }) => path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`))
    .toSorted((one, other) => other.point.length - one.point.length)[0];
}

function describeMount({ point, type }: Mount): string {
  return `${point} (${type})`;
}
