/** A dcgm-exporter for the simulated GPUs, with the names of its version 4.9. */

import type { GpuReading } from '../../fleet/gpu-observations.js';
import { readGpus } from '../describe-world.js';
import type { World } from '../world.js';
import { type HttpService, sendText, startHttpService } from './http-service.js';

export interface DcgmServerOptions {
  readonly world: World;
  /** Brings the world up to now. */
  readonly advance: () => number;
}

export function startDcgmServer({ world, advance }: DcgmServerOptions): Promise<HttpService> {
  return startHttpService({
    handle(request, response) {
      if (request.url?.split('?', 1)[0] !== '/metrics') {
        response.statusCode = 404;
        response.end('404 page not found\n');
        return;
      }
      const { gpus } = readGpus(world, advance());
      sendText(response, renderDcgm(gpus), 'text/plain; version=0.0.4; charset=utf-8');
    },
  });
}

interface Field {
  readonly name: string;
  readonly help: string;
  value(gpu: GpuReading): number | undefined;
}

const FIELDS: readonly Field[] = [
  {
    name: 'DCGM_FI_DEV_GPU_TEMP_CELSIUS',
    help: 'GPU temperature (in C).',
    value: ({ temperatureCelsius }) => temperatureCelsius,
  },
  {
    name: 'DCGM_FI_DEV_BOARD_POWER_WATTS',
    help: 'Power draw (in W).',
    value: ({ powerWatts }) => powerWatts,
  },
  {
    name: 'DCGM_FI_DEV_GPU_UTIL_RATIO',
    help: 'GPU utilization (ratio 0-1).',
    value: ({ utilizationRatio }) => utilizationRatio,
  },
  {
    name: 'DCGM_FI_DEV_XID_ERROR',
    help: 'Value of the last XID error encountered.',
    value: ({ xids }) => xids.last,
  },
  {
    name: 'DCGM_FI_DEV_FB_FREE_BYTES',
    help: 'Framebuffer memory free (in bytes).',
    value: ({ memory }) => memory.freeBytes,
  },
  {
    name: 'DCGM_FI_DEV_FB_USED_BYTES',
    help: 'Framebuffer memory used (in bytes).',
    value: ({ memory }) => memory.usedBytes,
  },
  {
    name: 'DCGM_FI_DEV_FB_RESERVED_BYTES',
    help: 'Framebuffer memory reserved (in bytes).',
    value: ({ memory }) => memory.reservedBytes,
  },
  {
    name: 'DCGM_FI_DEV_FB_CAPACITY_BYTES',
    help: 'Total framebuffer memory (in bytes).',
    value: ({ memory }) => memory.totalBytes,
  },
];

export function renderDcgm(gpus: readonly GpuReading[]): string {
  const lines: string[] = [];
  for (const { name, help, value } of FIELDS) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`);
    for (const gpu of gpus) {
      const figure = value(gpu);
      if (figure !== undefined) lines.push(`${name}{${labelsOf(gpu)}} ${figure}`);
    }
  }
  const xids = 'DCGM_EXP_XID_ERRORS_TOTAL';
  lines.push(`# HELP ${xids} Total number of XID errors.`, `# TYPE ${xids} counter`);
  for (const gpu of gpus) {
    for (const [xid, count] of gpu.xids.totals) lines.push(`${xids}{${labelsOf(gpu)},xid="${xid}"} ${count}`);
  }
  return `${lines.join('\n')}\n`;
}

function labelsOf({ index, uuid, device = '', model = '' }: GpuReading): string {
  return `gpu="${index}",UUID="${uuid}",device="${device}",modelName="${model}",hostname="demo"`;
}
