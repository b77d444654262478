/**
 * Reads from an inspect which GPUs the engine gives a container: device requests, else NVIDIA_VISIBLE_DEVICES,
 * else device files.
 *
 * https://github.com/NVIDIA/nvidia-container-toolkit/tree/main/cmd/nvidia-container-runtime
 */

import { z } from 'zod';
import type { GpuRequest } from '../../fleet/gpu-model.js';

const deviceRequest = z.object({
  Driver: z.string().nullish(),
  Count: z.number().int().nullish(),
  DeviceIDs: z.array(z.string()).nullish(),
  Capabilities: z.array(z.array(z.string())).nullish(),
});

/** Every part may be of any shape: what is not understood says nothing of GPUs, and spoils nothing else. */
const gpuPartsSchema = z.object({
  HostConfig: z
    .object({
      Runtime: z.string().nullish().catch(undefined),
      DeviceRequests: z.array(deviceRequest).nullish().catch(undefined),
      Devices: z
        .array(z.object({ PathOnHost: z.string().nullish() }))
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
  Config: z
    .object({ Env: z.array(z.string()).nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
});

type DeviceRequest = z.output<typeof deviceRequest>;

const NONE: GpuRequest = { kind: 'none' };
const ALL: GpuRequest = { kind: 'all' };
/** More than any host has; a request for more names no more. */
const MAX_DEVICES = 256;
const MAX_NAME = 200;
const CDI_PREFIX = 'nvidia.com/gpu=';
const DEVICE_FILE = /^\/dev\/(nvidia\d+)$/;

/** Most containers of a host say nothing of GPUs, and the schema below costs more than all else of an inspect. */
function mentionsGpu(inspected: unknown): boolean {
  const { HostConfig, Config } = (inspected ?? {}) as {
    HostConfig?: Record<string, unknown>;
    Config?: Record<string, unknown>;
  };
  const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
  if (isFilled(HostConfig?.['DeviceRequests']) || isFilled(HostConfig?.['Devices'])) return true;
  const env = Config?.['Env'];
  return Array.isArray(env) && env.some((entry) => String(entry).startsWith('NVIDIA_VISIBLE_DEVICES='));
}

/** Never throws; `none` where nothing says otherwise. */
export function parseGpuRequest(inspected: unknown): GpuRequest {
  if (!mentionsGpu(inspected)) return NONE;
  const parts = gpuPartsSchema.safeParse(inspected);
  if (!parts.success) return NONE;
  const { HostConfig, Config } = parts.data;
  const env = readEnv(Config?.Env ?? []);
  const requested = [
    fromDeviceRequests(HostConfig?.DeviceRequests ?? []),
    fromVisibleDevices(env.get('NVIDIA_VISIBLE_DEVICES'), HostConfig?.Runtime ?? ''),
    fromDeviceFiles((HostConfig?.Devices ?? []).map(({ PathOnHost }) => PathOnHost ?? '')),
  ].find(({ kind }) => kind !== 'none');
  return requested?.kind === 'all' ? narrowAll(env.get('CUDA_VISIBLE_DEVICES')) : (requested ?? NONE);
}

function readEnv(lines: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1));
  }
  return values;
}

function fromDeviceRequests(requests: readonly DeviceRequest[]): GpuRequest {
  const parts = requests.filter(isForGpus).map(({ Count, DeviceIDs }) => {
    if (DeviceIDs && DeviceIDs.length > 0) return toRequest(DeviceIDs);
    if (Count === undefined || Count === null || Count === 0) return NONE;
    if (Count < 0) return ALL;
    // The engine gives the first ones: countToDevices in moby's daemon/nvidia_linux.go.
    return toRequest(Array.from({ length: Math.min(Count, MAX_DEVICES) }, (_, index) => String(index)));
  });
  if (parts.some(({ kind }) => kind === 'all')) return ALL;
  return toRequest(parts.flatMap((part) => (part.kind === 'devices' ? part.devices : [])));
}

function isForGpus({ Driver, DeviceIDs, Capabilities }: DeviceRequest): boolean {
  if (Driver === 'nvidia') return true;
  if (Driver === 'cdi') return DeviceIDs?.some((id) => id.startsWith(CDI_PREFIX)) ?? false;
  const asked = Capabilities?.flat() ?? [];
  return !Driver && (asked.includes('gpu') || asked.includes('nvidia'));
}

/**
 * Images made for CUDA carry `all` although the variable means nothing without NVIDIA's runtime, so there `all` says
 * nothing; a list of devices was written by somebody for this container.
 */
function fromVisibleDevices(value: string | undefined, runtime: string): GpuRequest {
  const request = toRequest((value ?? '').split(','));
  const isNvidia = runtime.toLowerCase().includes('nvidia');
  return request.kind === 'all' && !isNvidia ? NONE : request;
}

function fromDeviceFiles(paths: readonly string[]): GpuRequest {
  return toRequest(paths.flatMap((path) => DEVICE_FILE.exec(path)?.[1] ?? []));
}

/** A program that sees all GPUs and is told to use some: the CUDA library hides the others from it. */
function narrowAll(visible: string | undefined): GpuRequest {
  const request = toRequest((visible ?? '').split(','));
  return request.kind === 'devices' ? request : ALL;
}

function toRequest(names: readonly string[]): GpuRequest {
  const devices = new Set<string>();
  for (const name of names.slice(0, MAX_DEVICES)) {
    const device = name.trim().replace(CDI_PREFIX, '').slice(0, MAX_NAME);
    if (device === 'all') return ALL;
    // `-1` is how programs are told to use no GPU.
    if (device !== '' && device !== 'none' && device !== 'void' && device !== '-1') devices.add(device);
  }
  return devices.size === 0 ? NONE : { kind: 'devices', devices: [...devices] };
}
