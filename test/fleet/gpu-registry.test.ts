import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GpuReading } from '../../src/fleet/gpu-observations.js';
import { createGpuRegistry, type GpuRegistry } from '../../src/fleet/gpu-registry.js';

function reading(uuid: string, parts: Partial<GpuReading> = {}): GpuReading {
  return { uuid, index: '0', memory: {}, xids: { totals: new Map(), recent: new Map(), last: 0 }, ...parts };
}

function xid(last: number): Partial<GpuReading> {
  return { xids: { totals: new Map(), recent: new Map(), last } };
}

function read(registry: GpuRegistry, atMs: number, ...gpus: readonly GpuReading[]): boolean {
  return registry.applyRead({ kind: 'gpus-read', atMs, gpus });
}

describe('a GPU', () => {
  it('is there with what was read and when', () => {
    const registry = createGpuRegistry();
    read(registry, 5, reading('GPU-1', { memory: { usedBytes: 7 } }));
    const gpu = registry.gpus.get('GPU-1');
    assert.deepEqual([gpu?.memory.usedBytes, gpu?.seenAtMs, gpu?.lastXid], [7, 5, 0]);
  });

  it('that leaves is lost, and no more when it returns', () => {
    const registry = createGpuRegistry();
    read(registry, 1, reading('GPU-1'), reading('GPU-2'));
    read(registry, 2, reading('GPU-2'));
    read(registry, 3, reading('GPU-2'));
    assert.deepEqual([...registry.gpus.keys()], ['GPU-2']);
    const lost = registry.lost.get('GPU-1');
    assert.deepEqual([lost?.gpu.seenAtMs, lost?.lostAtMs], [1, 2]);
    read(registry, 4, reading('GPU-1'), reading('GPU-2'));
    assert.equal(registry.gpus.size, 2);
    assert.equal(registry.lost.size, 0);
  });

  it('that is divided by MIG, or put together again, is not lost', () => {
    const registry = createGpuRegistry();
    read(registry, 1, reading('GPU-1'), reading('GPU-2'));
    read(registry, 2, reading('GPU-1', { mig: { id: '3' } }), reading('GPU-1', { mig: { id: '4' } }));
    assert.deepEqual(
      [[...registry.gpus.keys()], [...registry.lost.keys()]],
      [['GPU-1/3', 'GPU-1/4'], ['GPU-2']],
    );
    read(registry, 3, reading('GPU-2', { mig: { id: '1' } }));
    assert.deepEqual(
      [[...registry.gpus.keys()], [...registry.lost.keys()]],
      [['GPU-2/1'], ['GPU-1/3', 'GPU-1/4']],
    );
    read(registry, 4, reading('GPU-1'), reading('GPU-2'));
    assert.deepEqual([registry.gpus.size, registry.lost.size], [2, 0]);
  });

  it('that was lost goes on counting where it stood', () => {
    const registry = createGpuRegistry();
    read(registry, 1, reading('GPU-1'), reading('GPU-2'));
    read(registry, 2, reading('GPU-1', xid(79)), reading('GPU-2'));
    read(registry, 3, reading('GPU-2'));
    read(registry, 4, reading('GPU-1', xid(79)), reading('GPU-2'));
    assert.equal(registry.gpus.get('GPU-1')?.xidEvents?.get('79'), 1);
  });

  it('and its MIG instances are entities of their own', () => {
    const registry = createGpuRegistry();
    read(
      registry,
      1,
      reading('GPU-1'),
      reading('GPU-1', { mig: { id: '3' } }),
      reading('GPU-1', { mig: { id: '4' } }),
    );
    assert.deepEqual([...registry.gpus.keys()], ['GPU-1', 'GPU-1/3', 'GPU-1/4']);
  });
});

describe('a read', () => {
  it('tells whether GPUs came, went or are called otherwise', () => {
    const registry = createGpuRegistry();
    assert.equal(read(registry, 1, reading('GPU-1')), true);
    assert.equal(read(registry, 2, reading('GPU-1', { powerWatts: 5 })), false);
    assert.equal(read(registry, 3, reading('GPU-1', { index: '1' })), true);
    assert.equal(read(registry, 4, reading('GPU-1', { index: '1' }), reading('GPU-2')), true);
    assert.equal(read(registry, 5, reading('GPU-2')), true);
  });

  it('of ever new instances is remembered within bounds', () => {
    const registry = createGpuRegistry();
    for (let at = 0; at < 3000; at++) read(registry, at, reading(`GPU-${at}`));
    assert.equal(registry.gpus.size, 1);
    assert.equal(registry.lost.size, 1024);
    assert.ok(registry.lost.has('GPU-2998'));
  });
});

it('GPUs that are watched no longer leave the picture and are not lost', () => {
  const registry = createGpuRegistry();
  read(registry, 1, reading('GPU-1'));
  read(registry, 2, reading('GPU-1', xid(79)));
  registry.forget();
  assert.deepEqual([registry.gpus.size, registry.lost.size], [0, 0]);
  read(registry, 3, reading('GPU-1', xid(79)));
  assert.equal(registry.gpus.get('GPU-1')?.xidEvents?.get('79'), 1);
});
