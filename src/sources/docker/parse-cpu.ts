/** Turns what the kernel or the engine says of CPU time into seconds, and what the engine says of traffic into bytes. */

import type { IoReading } from '../../fleet/io-model.js';
import { asNumber, asRecord, asText, type JsonRecord, optional, ShapeError } from '../../lib/shape.js';
import { SourceError } from '../source-error.js';
import type { CpuFileKind } from './cgroup-layout.js';

/** Undefined where the text is not what the kernel writes. */
export function parseCpuFile(kind: CpuFileKind, text: string): number | undefined {
  if (kind === 'cpuacct.usage') return /^\d+\n?$/.test(text) ? Number(text) / 1e9 : undefined;
  const used = /^usage_usec (\d+)$/m.exec(text)?.[1];
  return used === undefined ? undefined : Number(used) / 1e6;
}

export interface ContainerStats {
  readonly usedSeconds: number;
  /** Absent where the engine tells of no traffic at all. */
  readonly io?: Omit<IoReading, 'id'>;
}

/** Undefined for a container that does not run: its count is 0. Throws SourceError when the answer has another shape. */
export function parseStats(answer: unknown): ContainerStats | undefined {
  try {
    const fields = asRecord(answer, 'the whole');
    // The engine writes the year 1 where it has read nothing.
    if (optional(fields['read'], 'read', asText)?.startsWith('0001-')) return undefined;
    const stats = asRecord(fields['cpu_stats'], 'cpu_stats');
    const usage = asRecord(stats['cpu_usage'], 'cpu_stats.cpu_usage');
    const usedSeconds = asNumber(usage['total_usage'], 'cpu_stats.cpu_usage.total_usage') / 1e9;
    const io = parseIo(fields);
    return { usedSeconds, ...(io && { io }) };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new SourceError('protocol', `stats of a container have an unexpected shape at ${error.message}`);
  }
}

/** Engines leave out networks of containers in the host's, and lists of devices that were not used. */
function parseIo(stats: JsonRecord): ContainerStats['io'] {
  const networks = Object.values(recordOf(stats['networks'])).map(recordOf);
  const operations = listOf(recordOf(stats['blkio_stats'])['io_service_bytes_recursive']).map(recordOf);
  if (networks.length === 0 && operations.length === 0) return undefined;
  const onDisk = (name: string): number =>
    sum(operations.filter(({ op }) => String(op).toLowerCase() === name).map(({ value }) => value));
  return {
    inBytes: sum(networks.map(({ rx_bytes }) => rx_bytes)) + onDisk('read'),
    outBytes: sum(networks.map(({ tx_bytes }) => tx_bytes)) + onDisk('write'),
  };
}

/** Nothing of it is vital: what has another shape counts as absent. */
function recordOf(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null ? (value as JsonRecord) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0);
}
