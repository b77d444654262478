/**
 * Reads which connections a container has, for the few of which that must be known: from the kernel's tables of its network
 * namespace, where the daemon sees the host's processes. Whatever cannot be read says nothing.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { SocketReading } from '../../fleet/socket-model.js';
import { parseRemotePorts } from './parse-sockets.js';

export interface InspectedContainer {
  readonly id: string;
  readonly pid: number;
}

/** A container with more connections than this is no worker that lost its only one. */
const MAX_TABLE_BYTES = 1_048_576;

/** Undefined: another process has the number here, it shares the host's network, or its tables cannot be read. */
export function readSockets({ id, pid }: InspectedContainer, procRoot = '/proc'): SocketReading | undefined {
  const folder = join(procRoot, String(pid));
  try {
    // In a container of our own the number may be another process's.
    if (!readFileSync(join(folder, 'cgroup'), 'utf8').includes(id)) return undefined;
    if (hostNamespaces(procRoot).has(readlinkSync(join(folder, 'ns/net')))) return undefined;
    const tables = ['net/tcp', 'net/tcp6'].map((name) => readTable(join(folder, name)));
    if (tables.some((table) => table.length > MAX_TABLE_BYTES)) return undefined;
    return { id, remotePorts: tables.flatMap(parseRemotePorts) };
  } catch {
    // It has ended since, or may not be read: nothing follows from that.
    return undefined;
  }
}

/** A kernel without IPv6 has no table for it. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (path.endsWith('tcp6')) return '';
    throw error;
  }
}

function hostNamespaces(procRoot: string): ReadonlySet<string> {
  return new Set(
    ['self', '1'].flatMap((process) => {
      try {
        return readlinkSync(join(procRoot, process, 'ns/net'));
      } catch {
        // Of process 1 only root may know.
        return [];
      }
    }),
  );
}
