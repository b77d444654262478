/** Reads again and again which processes hold memory of the GPUs, and finds out which containers they belong to. */

import { basename } from 'node:path';
import type { GpuProcessesConfig } from '../../config/gpu-processes-section.js';
import type { GpuProcess, GpuProcessOwner } from '../../fleet/gpu-process-model.js';
import type { Observation } from '../../fleet/observations.js';
import { counted } from '../../lib/counted.js';
import { matchesAnyGlob } from '../../lib/glob.js';
import type { EngineAddress } from '../docker/engine-address.js';
import { createPolledSource, type PolledReader } from '../poller.js';
import type { Source, SourceContext } from '../source.js';
import { createEngineTop } from './engine-top.js';
import { gpuUuidOf, type ListedProcess, type ParsedSmi } from './parse-nvidia-smi.js';
import { createProcOwners, type ProcFacts } from './proc-owners.js';
import type { SmiWay } from './smi-ways.js';
import { createTopOwners } from './top-owners.js';

export interface GpuProcessesSourceOptions {
  readonly way: SmiWay;
  readonly config: GpuProcessesConfig;
  /** Absent: no engine is watched. */
  readonly engine?: EngineAddress;
  readonly procRoot?: string;
}

/** One run of each query, and time for the engine. */
const LIMITS_A_READ = 4;
const UNKNOWN: GpuProcessOwner = { kind: 'unknown' };

export function createGpuProcessesSource(options: GpuProcessesSourceOptions, context: SourceContext): Source {
  return createPolledSource(createReader(options, context), context);
}

function createReader(options: GpuProcessesSourceOptions, context: SourceContext): PolledReader {
  const { way, config, engine, procRoot } = options;
  const { clock, log } = context;
  const proc = createProcOwners(procRoot);
  const timeLimitMs = config.request_timeout;
  const top = engine && createEngineTop({ address: engine, clock, timeLimitMs });
  const topOwners =
    top && createTopOwners({ candidates: () => context.gpuContainers?.() ?? [], ask: (id) => top.ask(id) });
  let lastWarning: string | undefined;

  async function findOwners(pids: readonly number[]): Promise<ReadonlyMap<number, ProcFacts>> {
    // Behind a URL is as a rule another host: a process here that has the number is another one.
    const here = way.kind === 'url' ? new Map<number, ProcFacts>() : proc.read(pids, clock.nowMs());
    const facts = new Map(
      [...here].filter(([, { owner }]) => way.kind === 'command' || owner.kind !== 'ended'),
    );
    const rest = pids.filter((pid) => !facts.has(pid));
    // What the program says here in a namespace of our own are not the numbers that the engine knows.
    if (rest.length === 0 || way.kind === 'command' || !topOwners) return facts;
    for (const [pid, owner] of await topOwners.find(rest)) facts.set(pid, { owner });
    return facts;
  }

  function describe(
    one: ListedProcess,
    parents: ParsedSmi['parents'],
    facts: ProcFacts | undefined,
  ): GpuProcess {
    const program = one.program ?? facts?.program;
    const names = program === undefined ? [] : [program, basename(program)];
    const isExpected = names.some((name) => matchesAnyGlob(config.expected, name));
    return {
      pid: one.pid,
      uuid: gpuUuidOf(one.uuid, parents),
      ...(one.usedBytes !== undefined && { usedBytes: one.usedBytes }),
      ...(program !== undefined && { program }),
      ...(facts?.startedAtMs !== undefined && { startedAtMs: facts.startedAtMs }),
      ...(isExpected && { isExpected }),
      owner: facts?.owner ?? UNKNOWN,
    };
  }

  function warn(warning: string | undefined): Observation {
    if (warning !== lastWarning && warning !== undefined)
      log.warn({ warning }, 'source can be read, with a warning');
    if (warning === undefined && lastWarning !== undefined)
      log.info({ warning: lastWarning }, 'warning is over');
    lastWarning = warning;
    return { kind: 'source-warned', source: 'gpu_processes', ...(warning !== undefined && { warning }) };
  }

  return {
    name: 'gpu_processes',
    target: way.target,
    intervalMs: config.interval,
    timeLimitMs: LIMITS_A_READ * timeLimitMs,
    async read(signal) {
      const parsed = await way.read(signal);
      const facts = await findOwners([...new Set(parsed.processes.map(({ pid }) => pid))]);
      const processes = parsed.processes.map((one) => describe(one, parsed.parents, facts.get(one.pid)));
      const atMs = clock.nowMs();
      return [
        { kind: 'gpu-processes-read', atMs, gpus: parsed.gpus, processes },
        warn(untoldWarning(parsed) ?? ownerWarning(processes, way.kind, proc.isHostVisible)),
      ];
    },
    close() {
      top?.close();
      return Promise.resolve();
    },
  };
}

function untoldWarning({ untold, unreadable }: ParsedSmi): string | undefined {
  if (unreadable !== undefined) return `nvidia-smi says beside its figures: “${unreadable}”`;
  if (untold === undefined) return undefined;
  const remedy = /permission/i.test(untold)
    ? 'run it as a user that may see the processes of others'
    : 'the driver does not tell it on this system (WSL, vGPU, some MIG set-ups)';
  return `nvidia-smi says ${untold} in place of a process's memory or id: ${remedy}`;
}

function ownerWarning(
  processes: readonly GpuProcess[],
  kind: SmiWay['kind'],
  isHostVisible: boolean,
): string | undefined {
  const unknown = processes.filter(({ owner }) => owner.kind === 'unknown').length;
  // Of one or two that have just started or ended nothing needs to be said.
  if (unknown === 0 || unknown < processes.length) return undefined;
  const whose = `whose the ${counted(unknown, 'process')} on the GPUs are is not known`;
  if (kind === 'command' && !isHostVisible)
    return `${whose}: the daemon does not see the processes of the host. Run it with pid: host, or set gpu_processes.file`;
  return `${whose}: their ids are not those of the host, or the engine cannot list the processes of its containers`;
}
