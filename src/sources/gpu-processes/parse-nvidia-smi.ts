/**
 * Understands what `nvidia-smi` prints of GPUs and of the processes on them: its queries as CSV, with or without header and
 * units, its list (`-L`), and the words by which it fails.
 * https://docs.nvidia.com/deploy/nvidia-smi/
 */

import { cutProse } from '../../lib/bound-text.js';
import { escapeControls } from '../../lib/escape-controls.js';
import { scrubCredentials } from '../../lib/scrub.js';
import { SourceError } from '../source-error.js';

/** What is asked of the program; the name comes last, because it may have commas. */
export const APPS_QUERY = [
  '--query-compute-apps=pid,gpu_uuid,used_gpu_memory,process_name',
  '--format=csv,noheader,nounits',
];
export const GPUS_QUERY = ['--query-gpu=index,uuid', '--format=csv,noheader'];
export const LIST_QUERY = ['-L'];

export interface ListedProcess {
  readonly pid: number;
  /** As printed: of a GPU, or of a MIG instance. */
  readonly uuid: string;
  /** Absent where the driver does not tell. */
  readonly usedBytes?: number;
  /** Bounded, without control characters and credentials; absent where the driver does not tell. */
  readonly program?: string;
}

export interface ParsedSmi {
  readonly gpus: readonly { readonly index: string; readonly uuid: string }[];
  /** GPU of each MIG instance, by UUID. */
  readonly parents: ReadonlyMap<string, string>;
  readonly processes: readonly ListedProcess[];
  /** The word in place of a figure or a process id: `[N/A]`, `[Insufficient Permissions]`. */
  readonly untold: string | undefined;
  /** The first line that is none of those; undefined: there is none. */
  readonly unreadable: string | undefined;
}

const MAX_PROCESSES = 4096;
const MAX_SHOWN = 200;
const MAX_PROGRAM = 80;
const MIB = 1024 ** 2;
const UUID = /^(GPU|MIG)-[0-9a-zA-Z/-]{1,120}$/;
const GPU_LINE = /^GPU (\d+): .*\(UUID: (GPU-[^)\s]+)\)/;
const MIG_LINE = /^\s+MIG .*\(UUID: (MIG-[^)\s]+)\)/;
const MIG_OF_GPU = /^MIG-(GPU-[^/]+)\//;
const MEMORY = /^(\d+)(?: MiB)?$/;
const UNTOLD = /^\[.*\]$/;
const HEADER = /^(pid|index)\b/;
const NONE = /^No running (compute )?processes found/i;

/** Throws SourceError where the text says that the program has failed, or is that of something else. */
export function parseNvidiaSmi(text: string): ParsedSmi {
  const listed = text.split('\n').map(parseLine);
  const gpus = new Map<string, string>();
  const parents = new Map<string, string>();
  let parent: string | undefined;
  for (const line of listed) {
    if (line.kind === 'gpu') gpus.set(line.uuid, line.index);
    if (line.kind === 'gpu') parent = line.uuid;
    if (line.kind === 'instance' && parent !== undefined) parents.set(line.uuid, parent);
  }
  const rows = listed.filter((line) => line.kind === 'process');
  const processes = rows.flatMap((row) => parseProcess(row.cells) ?? []).slice(0, MAX_PROCESSES);
  const unreadable = listed.find((line) => line.kind === 'unreadable')?.text;
  if (unreadable !== undefined && gpus.size + processes.length === 0) throw explainFailure(unreadable);
  return {
    gpus: [...gpus].map(([uuid, index]) => ({ uuid, index })),
    parents,
    processes,
    untold: rows.flatMap(({ cells }) => [cells[0] ?? '', cells[2] ?? '']).find((cell) => UNTOLD.test(cell)),
    unreadable: unreadable === undefined ? undefined : clean(unreadable, MAX_SHOWN),
  };
}

type SmiLine =
  | { readonly kind: 'gpu'; readonly uuid: string; readonly index: string }
  /** Of the GPU above it. */
  | { readonly kind: 'instance'; readonly uuid: string }
  | { readonly kind: 'process'; readonly cells: readonly string[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unreadable'; readonly text: string };

function parseLine(line: string): SmiLine {
  const [, index, gpu] = GPU_LINE.exec(line) ?? [];
  if (index !== undefined && gpu !== undefined) return { kind: 'gpu', uuid: gpu, index };
  const [, instance] = MIG_LINE.exec(line) ?? [];
  if (instance !== undefined) return { kind: 'instance', uuid: instance };
  const cells = line.split(',').map((cell) => cell.trim());
  const [first = '', second = ''] = cells;
  if (UUID.test(second)) {
    if (cells.length > 2) return { kind: 'process', cells };
    if (/^\d+$/.test(first)) return { kind: 'gpu', uuid: second, index: first };
  }
  const isNothing = line.trim() === '' || HEADER.test(first) || NONE.test(first);
  return isNothing ? { kind: 'nothing' } : { kind: 'unreadable', text: line };
}

/** Undefined: the driver hides its id. */
function parseProcess([pid = '', uuid = '', memory = '', ...name]: readonly string[]):
  | ListedProcess
  | undefined {
  if (!/^\d{1,10}$/.test(pid)) return undefined;
  const mebibytes = MEMORY.exec(memory)?.[1];
  const program = name.join(', ');
  return {
    pid: Number(pid),
    uuid,
    ...(mebibytes !== undefined && { usedBytes: Number(mebibytes) * MIB }),
    ...(program !== '' && !UNTOLD.test(program) && { program: clean(program, MAX_PROGRAM) }),
  };
}

/** UUID of the GPU that an instance is part of; the UUID itself where that is not known, and of whole GPUs. */
export function gpuUuidOf(uuid: string, parents: ReadonlyMap<string, string>): string {
  return parents.get(uuid) ?? MIG_OF_GPU.exec(uuid)?.[1] ?? uuid;
}

export function clean(text: string, maxLength: number): string {
  return escapeControls(cutProse(scrubCredentials(text.trim()), maxLength));
}

interface Failure {
  readonly said: RegExp;
  readonly reason: 'unreachable' | 'permission' | 'rejected';
  readonly remedy: string;
}

const FAILURES: readonly Failure[] = [
  {
    said: /driver\/library version mismatch/i,
    reason: 'rejected',
    remedy:
      'the driver was upgraded while it was in use: reboot the host, or unload and load its kernel modules. Until then no container with a GPU can be started',
  },
  {
    said: /couldn't communicate with the nvidia driver|driver not loaded/i,
    reason: 'unreachable',
    remedy: 'the kernel module of the driver is not loaded: see dmesg, and run modprobe nvidia',
  },
  {
    said: /gpu is lost|fallen off the bus|unable to determine the device handle/i,
    reason: 'rejected',
    remedy: 'a GPU has fallen off the bus: it needs a reset or a reboot',
  },
  {
    said: /no devices were found/i,
    reason: 'unreachable',
    remedy: 'no GPU is visible here: in a container give the daemon the GPUs with the capability utility',
  },
  {
    said: /insufficient permissions/i,
    reason: 'permission',
    remedy: 'run the daemon as a user that may open /dev/nvidia*',
  },
  {
    said: /failed to initialize nvml/i,
    reason: 'rejected',
    remedy:
      'in a container, its right to the devices was lost, as systemctl daemon-reload does: create the container again',
  },
];

export function explainFailure(said: string): SourceError {
  const words = clean(said, MAX_SHOWN);
  const known = FAILURES.find((one) => one.said.test(said));
  return known
    ? new SourceError(known.reason, `nvidia-smi says “${words}”: ${known.remedy}`)
    : new SourceError('protocol', `expected lines of nvidia-smi, got “${words}”`);
}
