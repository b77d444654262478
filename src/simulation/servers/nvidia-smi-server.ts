/** Serves what `nvidia-smi` would print of the simulated GPUs and of the processes on them. */

import { readGpuProcesses } from '../describe-world.js';
import type { World } from '../world.js';
import { type HttpService, sendText, startHttpService } from './http-service.js';

export interface NvidiaSmiServerOptions {
  readonly world: World;
  /** Brings the world up to now. */
  readonly advance: () => number;
}

const MIB = 1024 ** 2;

export function startNvidiaSmiServer({ world, advance }: NvidiaSmiServerOptions): Promise<HttpService> {
  return startHttpService({
    handle(_request, response) {
      sendText(response, renderNvidiaSmi(world, advance()), 'text/plain; charset=utf-8');
    },
  });
}

/** As `--query-gpu=index,uuid` and `--query-compute-apps=pid,gpu_uuid,used_gpu_memory,process_name`, one after the other. */
function renderNvidiaSmi(world: World, nowMs: number): string {
  const { gpus, processes } = readGpuProcesses(world, nowMs);
  const lines = [
    ...gpus.map(({ index, uuid }) => `${index}, ${uuid}`),
    ...processes.map(
      ({ pid, uuid, usedBytes = 0, program = '' }) =>
        `${pid}, ${uuid}, ${Math.round(usedBytes / MIB)}, ${program}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
