/** Turns what the kernel or the engine says of CPU time into seconds. */

import { asNumber, asRecord, asText, optional, ShapeError } from '../../lib/shape.js';
import { SourceError } from '../source-error.js';
import type { CpuFileKind } from './cgroup-layout.js';

/** Undefined where the text is not what the kernel writes. */
export function parseCpuFile(kind: CpuFileKind, text: string): number | undefined {
  if (kind === 'cpuacct.usage') return /^\d+\n?$/.test(text) ? Number(text) / 1e9 : undefined;
  const used = /^usage_usec (\d+)$/m.exec(text)?.[1];
  return used === undefined ? undefined : Number(used) / 1e6;
}

/** Undefined for a container that does not run: its count is 0. Throws SourceError when the answer has another shape. */
export function parseStats(answer: unknown): number | undefined {
  try {
    const fields = asRecord(answer, 'the whole');
    // The engine writes the year 1 where it has read nothing.
    if (optional(fields['read'], 'read', asText)?.startsWith('0001-')) return undefined;
    const stats = asRecord(fields['cpu_stats'], 'cpu_stats');
    const usage = asRecord(stats['cpu_usage'], 'cpu_stats.cpu_usage');
    return asNumber(usage['total_usage'], 'cpu_stats.cpu_usage.total_usage') / 1e9;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new SourceError('protocol', `stats of a container have an unexpected shape at ${error.message}`);
  }
}
