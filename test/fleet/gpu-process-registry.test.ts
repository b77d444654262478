import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import { listGpuContainers } from '../../src/fleet/gpu-containers.js';
import type { GpuProcess, GpuProcessOwner } from '../../src/fleet/gpu-process-model.js';
import type { ContainerState } from '../../src/fleet/model.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const GPUS = [
  { index: '0', uuid: 'GPU-0' },
  { index: '1', uuid: 'GPU-1' },
];
const OCR = { container: 'ocr-worker-gpu0-1', stage: 'ocr-worker' };
const NONE = { kind: 'none' } as const;

function newStore(isEngineUp = true): FleetStore {
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  if (isEngineUp) store.apply({ kind: 'source-read', source: 'docker', atMs: 1000, durationMs: 1 });
  return store;
}

function container(
  store: FleetStore,
  name: string,
  state: ContainerState = 'running',
  more: object = {},
): void {
  store.apply({
    kind: 'container-inspected',
    atMs: 1000,
    facts: {
      id: `id-of-${name}`,
      name,
      image: 'i',
      labels: {},
      createdAtMs: 1,
      state,
      isOomKilled: false,
      ...more,
    },
  });
}

const of = (...ids: readonly string[]): GpuProcessOwner => ({ kind: 'container', ids });

const held = (pid: number, owner: GpuProcessOwner, more: Partial<GpuProcess> = {}): GpuProcess => ({
  pid,
  uuid: 'GPU-0',
  usedBytes: 100,
  owner,
  ...more,
});

function read(store: FleetStore, ...processes: readonly GpuProcess[]): void {
  store.apply({ kind: 'gpu-processes-read', atMs: 2000, gpus: GPUS, processes });
}

describe('memory of a GPU', () => {
  it('is summed over the processes of a container, a GPU each', () => {
    const store = newStore();
    container(store, OCR.container);
    const owner = of(`id-of-${OCR.container}`);
    read(store, held(1, owner), held(2, owner), held(3, owner, { uuid: 'GPU-1' }));
    assert.deepEqual(store.fleet.gpuHoldings, [
      { ...OCR, gpu: '0', uuid: 'GPU-0', usedBytes: 200 },
      { ...OCR, gpu: '1', uuid: 'GPU-1', usedBytes: 100 },
    ]);
    assert.deepEqual(
      store.fleet.gpuOrphans.map(({ usedBytes }) => usedBytes),
      [0, 0],
    );
  });

  it('is not known of a container where it is not known of one of its processes', () => {
    const store = newStore();
    container(store, OCR.container);
    const owner = of(`id-of-${OCR.container}`);
    const { usedBytes: _, ...untold } = held(2, owner);
    read(store, held(1, owner), untold);
    assert.deepEqual(store.fleet.gpuHoldings, []);
  });

  it('belongs to the first container that the engine knows, where one is within another', () => {
    const store = newStore();
    container(store, OCR.container);
    read(store, held(1, of('unknown', `id-of-${OCR.container}`)));
    assert.equal(store.fleet.gpuHoldings[0]?.container, OCR.container);
  });

  it('of a container beside the pipeline is shown, of one that is to be ignored it is not', () => {
    const store = newStore();
    container(store, 'jupyter');
    container(store, 'private', 'running', { labels: { 'stagewatch.role': 'ignore' } });
    read(store, held(1, of('id-of-jupyter')), held(2, of('id-of-private')));
    assert.deepEqual(store.fleet.gpuHoldings, [
      { container: 'jupyter', gpu: '0', uuid: 'GPU-0', usedBytes: 100 },
    ]);
    assert.equal(store.fleet.gpuOrphans[0]?.usedBytes, 0);
  });

  it('follows a container that comes after the read, and is empty when nothing is watched any more', () => {
    const store = newStore();
    read(store, held(1, of('id-of-late-worker-gpu0-1')));
    assert.deepEqual(store.fleet.gpuHoldings, []);
    container(store, 'late-worker-gpu0-1');
    assert.equal(store.fleet.gpuHoldings.length, 1);
    store.forgetSource('gpu_processes');
    assert.deepEqual([store.fleet.gpuHoldings, store.fleet.gpuOrphans], [[], []]);
  });
});

describe('memory that no container holds', () => {
  it('is that of processes of the host, of ended containers, and of ended processes', () => {
    const store = newStore();
    container(store, OCR.container, 'exited');
    read(
      store,
      held(1, NONE, { program: 'python', startedAtMs: 5 }),
      held(2, of(`id-of-${OCR.container}`), { usedBytes: 300 }),
      held(3, of('0123456789abcdef'), { usedBytes: 200 }),
      held(4, { kind: 'ended' }, { uuid: 'GPU-1' }),
    );
    assert.deepEqual(store.fleet.gpuOrphans, [
      {
        atMs: 2000,
        gpu: '0',
        uuid: 'GPU-0',
        usedBytes: 600,
        processes: [
          { pid: 2, usedBytes: 300, endedContainer: OCR.container },
          { pid: 3, usedBytes: 200, endedContainer: '0123456789ab' },
          { pid: 1, usedBytes: 100, program: 'python', startedAtMs: 5 },
        ],
      },
      {
        atMs: 2000,
        gpu: '1',
        uuid: 'GPU-1',
        usedBytes: 100,
        processes: [{ pid: 4, usedBytes: 100, hasEnded: true }],
      },
    ]);
  });

  it('is not known where of one process nobody knows whose it is', () => {
    const store = newStore();
    read(store, held(1, NONE), held(2, { kind: 'unknown' }), held(3, NONE, { uuid: 'GPU-1' }));
    assert.deepEqual(
      store.fleet.gpuOrphans.map(({ gpu }) => gpu),
      ['1'],
    );
  });

  it('is not said of a container that is missing while the engine cannot be read', () => {
    const store = newStore(false);
    read(store, held(1, of('0123456789abcdef')));
    assert.deepEqual(
      store.fleet.gpuOrphans.map(({ gpu }) => gpu),
      ['1'],
    );
  });

  it('has no sum where the driver does not tell it of each', () => {
    const store = newStore();
    const { usedBytes: _, ...untold } = held(2, NONE);
    read(store, held(1, NONE), untold);
    assert.ok(!('usedBytes' in (store.fleet.gpuOrphans[0] ?? {})));
    assert.equal(store.fleet.gpuOrphans[0]?.processes.length, 2);
  });
});

describe('containers that may hold memory of a GPU', () => {
  it('are those that run, first those that the engine gives one', () => {
    const store = newStore();
    container(store, 'orchestrator-1');
    container(store, 'ocr-worker-gpu0-0');
    container(store, 'tool', 'running');
    container(store, 'gone', 'exited');
    container(store, 'ended-worker-gpu0-1', 'exited');
    container(store, 'llm-worker-1', 'running', { gpuRequest: { kind: 'all' } });
    assert.deepEqual(listGpuContainers(store.fleet), [
      'id-of-llm-worker-1',
      'id-of-ocr-worker-gpu0-0',
      'id-of-orchestrator-1',
      'id-of-tool',
    ]);
  });
});
