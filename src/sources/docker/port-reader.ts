/**
 * Reads which connections containers on the host's network have, by their ports: the broker names a client there by loopback
 * and its port alone. From the kernel's table of the host, and the descriptors of each container's processes, where the daemon
 * sees them. Whatever cannot be read says nothing.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnedPorts, PortPair } from '../../fleet/port-model.js';

export interface HostContainer {
  readonly id: string;
  /** Of its first process. */
  readonly pid: number;
}

const MAX_TABLE_BYTES = 4_194_304;
const MAX_PROCESSES = 64;
const MAX_DESCRIPTORS = 4096;
const MAX_PAIRS = 256;
const SOCKET = /^socket:\[(\d+)\]$/;
/** `sl local_address rem_address st queues timers retransmits uid timeout inode`; only established ones. */
const LINE = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) 01 \S+ \S+ \S+ +\d+ +\d+ (\d+) /i;

export function readOwnedPorts(
  containers: readonly HostContainer[],
  procRoot = '/proc',
): readonly OwnedPorts[] {
  const [first] = containers;
  const table = first ? readTable(join(procRoot, String(first.pid), 'net')) : undefined;
  if (!table || table.size === 0) return [];
  return containers.flatMap((container) => readOne(container, table, procRoot) ?? []);
}

/** By inode of the socket. */
export function parsePortPairs(text: string): ReadonlyMap<string, PortPair> {
  const pairs = new Map<string, PortPair>();
  for (const line of text.split('\n')) {
    const [, local = '', remote = '', inode = ''] = LINE.exec(line) ?? [];
    if (inode === '' || inode === '0') continue;
    pairs.set(inode, { localPort: Number.parseInt(local, 16), remotePort: Number.parseInt(remote, 16) });
  }
  return pairs;
}

function readTable(folder: string): ReadonlyMap<string, PortPair> | undefined {
  const texts = ['tcp', 'tcp6'].map((name) => attempt(() => readFileSync(join(folder, name), 'utf8')) ?? '');
  if (texts.some((text) => text.length > MAX_TABLE_BYTES)) return undefined;
  return new Map(texts.flatMap((text) => [...parsePortPairs(text)]));
}

function readOne(
  { id, pid }: HostContainer,
  table: ReadonlyMap<string, PortPair>,
  procRoot: string,
): OwnedPorts | undefined {
  // In a container of our own the number may be another process's.
  const cgroup = attempt(() => readFileSync(join(procRoot, String(pid), 'cgroup'), 'utf8'));
  if (cgroup?.includes(id) !== true) return undefined;
  const pairs: PortPair[] = [];
  for (const process of familyOf(pid, procRoot)) {
    for (const inode of socketsOf(join(procRoot, String(process), 'fd'))) {
      const pair = table.get(inode);
      if (pair && pairs.length < MAX_PAIRS) pairs.push(pair);
    }
  }
  return { id, pairs };
}

/** The process and its descendants. */
function familyOf(pid: number, procRoot: string): readonly number[] {
  const family = [pid];
  for (let index = 0; index < family.length && family.length < MAX_PROCESSES; index++) {
    const tasks = join(procRoot, String(family[index]), 'task');
    for (const task of attempt(() => readdirSync(tasks)) ?? []) {
      const children = attempt(() => readFileSync(join(tasks, task, 'children'), 'utf8')) ?? '';
      family.push(...children.split(' ').flatMap((child) => (child === '' ? [] : Number(child))));
    }
  }
  return family.slice(0, MAX_PROCESSES);
}

function socketsOf(folder: string): readonly string[] {
  const names = attempt(() => readdirSync(folder)) ?? [];
  return names.slice(0, MAX_DESCRIPTORS).flatMap((name) => {
    const target = attempt(() => readlinkSync(join(folder, name)));
    return SOCKET.exec(target ?? '')?.[1] ?? [];
  });
}

/** It has ended since, or may not be read: nothing follows from that. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
