import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { GpuRequest } from '../../../src/fleet/gpu-model.js';
import { parseInspected } from '../../../src/sources/docker/parse-container.js';
import { parseGpuRequest } from '../../../src/sources/docker/parse-gpu-request.js';

const NONE: GpuRequest = { kind: 'none' };
const ALL: GpuRequest = { kind: 'all' };
const devices = (...names: readonly string[]): GpuRequest => ({ kind: 'devices', devices: names });

/** Inspects of a real engine 20.10, by the container's name. */
const recorded = JSON.parse(readFileSync('test/fixtures/dcgm/inspected-gpu-requests.json', 'utf8')) as Record<
  string,
  unknown
>;

describe('a recorded inspect', () => {
  const cases: readonly (readonly [string, string, GpuRequest])[] = [
    ['c-all', '--gpus all', ALL],
    ['c-two', '--gpus 2', devices('0', '1')],
    ['c-dev', '--gpus "device=0,GPU-abc"', devices('0', 'GPU-abc')],
    ['c-cap', '--gpus count=1,"capabilities=compute,utility"', devices('0')],
    ['c-env', '-e NVIDIA_VISIBLE_DEVICES=1,3', devices('1', '3')],
    ['c-file', '--device /dev/null', NONE],
  ];
  for (const [name, flags, expected] of cases) {
    it(`of docker create ${flags}`, () => {
      assert.deepEqual(parseGpuRequest(recorded[name]), expected);
      assert.deepEqual(parseInspected(recorded[name]).gpuRequest, expected);
    });
  }
});

interface Parts {
  readonly requests?: readonly unknown[];
  readonly runtime?: string;
  readonly env?: readonly string[];
  readonly files?: readonly string[];
}

function inspect({ requests = [], runtime = 'runc', env = [], files = [] }: Parts): unknown {
  return {
    HostConfig: {
      Runtime: runtime,
      DeviceRequests: requests,
      Devices: files.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' })),
    },
    Config: { Env: env },
  };
}

function request(parts: object): object {
  return { Driver: '', Count: 0, DeviceIDs: null, Capabilities: [['gpu']], Options: {}, ...parts };
}

const V = 'NVIDIA_VISIBLE_DEVICES';

describe('GPUs are given', () => {
  const cases: readonly (readonly [string, Parts, GpuRequest])[] = [
    ['by nobody', {}, NONE],
    [
      'by driver nvidia',
      { requests: [request({ Driver: 'nvidia', Capabilities: null, DeviceIDs: ['4'] })] },
      devices('4'),
    ],
    [
      'by CDI',
      { requests: [request({ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0', 'nvidia.com/gpu=GPU-b'] })] },
      devices('0', 'GPU-b'),
    ],
    ['by CDI, all', { requests: [request({ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] })] }, ALL],
    [
      'not by CDI of another maker',
      { requests: [request({ Driver: 'cdi', DeviceIDs: ['vendor.com/nic=0'] })] },
      NONE,
    ],
    [
      'not by a request for something else',
      { requests: [request({ Count: -1, Capabilities: [['tpu']] })] },
      NONE,
    ],
    ['not by a count of 0', { requests: [request({})] }, NONE],
    [
      'by two requests together',
      { requests: [request({ DeviceIDs: ['0'] }), request({ DeviceIDs: ['1', '0'] })] },
      devices('0', '1'),
    ],
    [
      'by a count beyond any host, bounded',
      { requests: [request({ Count: 1e9 })] },
      devices(...Array.from({ length: 256 }, (_, i) => String(i))),
    ],
    [
      'by request before variable',
      { requests: [request({ DeviceIDs: ['0'] })], env: [`${V}=3`], runtime: 'nvidia' },
      devices('0'),
    ],
    ['by variable before device file', { env: [`${V}=3`], files: ['/dev/nvidia5'] }, devices('3')],
    ['by variable with blanks', { env: [`${V}=GPU-a, 2`] }, devices('GPU-a', '2')],
    ['by variable, of which the last counts', { env: [`${V}=1`, `${V}=2`] }, devices('2')],
    ['all by variable with NVIDIA’s runtime', { env: [`${V}=all`], runtime: 'nvidia' }, ALL],
    ['not by the variable that CUDA images carry', { env: [`${V}=all`], runtime: 'runc' }, NONE],
    ['not by NVIDIA’s runtime alone', { runtime: 'nvidia' }, NONE],
    ['not by void', { env: [`${V}=void`], runtime: 'nvidia' }, NONE],
    ['not by none', { env: [`${V}=none`], runtime: 'nvidia' }, NONE],
    ['not by an empty variable', { env: [`${V}=`], runtime: 'nvidia' }, NONE],
    [
      'by device files',
      { files: ['/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia2', '/dev/nvidia10'] },
      devices('nvidia2', 'nvidia10'),
    ],
    [
      'in part, where the program is told which of all to use',
      { requests: [request({ Count: -1 })], env: ['CUDA_VISIBLE_DEVICES=3'] },
      devices('3'),
    ],
    [
      'whole, where the program is told to use no GPU',
      { requests: [request({ Count: -1 })], env: ['CUDA_VISIBLE_DEVICES=-1'] },
      ALL,
    ],
    [
      'as asked, where the program counts those it sees',
      { requests: [request({ DeviceIDs: ['5'] })], env: ['CUDA_VISIBLE_DEVICES=0'] },
      devices('5'),
    ],
  ];
  for (const [what, parts, expected] of cases) {
    it(what, () => assert.deepEqual(parseGpuRequest(inspect(parts)), expected));
  }
});

it('what has another shape says nothing, and spoils nothing beside it', () => {
  for (const odd of [undefined, null, 1, 'x', [], {}, { HostConfig: 3, Config: [] }]) {
    assert.deepEqual(parseGpuRequest(odd), NONE);
  }
  const odd = { HostConfig: { DeviceRequests: 'x', Devices: 5 }, Config: { Env: [`${V}=1`] } };
  assert.deepEqual(parseGpuRequest(odd), devices('1'));
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (HostConfig, Config) => {
      assert.ok(['none', 'all', 'devices'].includes(parseGpuRequest({ HostConfig, Config }).kind));
    }),
    { numRuns: 200 },
  );
});
