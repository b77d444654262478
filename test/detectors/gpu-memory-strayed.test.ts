import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GpuProcess } from '../../src/fleet/gpu-process-model.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { end, found, GIB, gpu, OTHER, readGpus, stageFleet, W } from '../support/pipeline-events.js';

const UUID = 'GPU-1';
const HOUR_MS = 3_600_000;

function watched(config: object = {}): JudgedFleet {
  const fleet = stageFleet(config);
  fleet.store.apply({ kind: 'source-watched', source: 'gpu_processes', target: 'nvidia-smi' });
  return fleet;
}

function read(fleet: JudgedFleet, ...processes: readonly GpuProcess[]): void {
  const gpus = [{ index: '1', uuid: UUID }];
  fleet.store.apply({ kind: 'gpu-processes-read', atMs: fleet.nowMs, gpus, processes });
  fleet.store.apply({ kind: 'source-read', source: 'gpu_processes', atMs: fleet.nowMs, durationMs: 1 });
}

/** They are listed at each look, every 15 seconds. */
function readFor(fleet: JudgedFleet, seconds: number, ...processes: readonly GpuProcess[]): void {
  for (let passed = 0; passed < seconds; passed += 15) {
    read(fleet, ...processes);
    fleet.judgeFor(Math.min(15, seconds - passed));
  }
  read(fleet, ...processes);
  fleet.judge();
}

const stray = (fleet: JudgedFleet, more: Partial<GpuProcess> = {}): GpuProcess => ({
  pid: 4242,
  uuid: UUID,
  usedBytes: 12.3 * GIB,
  program: 'python',
  startedAtMs: fleet.nowMs - 2 * HOUR_MS,
  owner: { kind: 'none' },
  ...more,
});

describe('GpuMemoryLeaked of a process in no container', () => {
  it('names process, program, size and age, after 5 minutes', () => {
    const fleet = watched();
    const one = stray(fleet);
    readFor(fleet, 285, one);
    assert.equal(found(fleet, 'GpuMemoryLeaked'), undefined);
    readFor(fleet, 20, one);
    const finding = found(fleet, 'GpuMemoryLeaked');
    assert.match(
      finding?.summary ?? '',
      /^GPU 1: 12\.3 GiB held outside of all containers for 5m\d\ds, by process 4242 \(python\)$/,
    );
    assert.match(
      finding?.evidence[0] ?? '',
      /^process 4242 \(python\), started 2h05m ago, holds 12\.3 GiB: it runs in no container$/,
    );
    assert.deepEqual([finding?.subject.gpu, finding?.subject.uuid], ['1', UUID]);
  });

  it('names the container that it outlived', () => {
    const fleet = watched();
    fleet.container(W);
    end(fleet, W, 137, true);
    readFor(fleet, 310, stray(fleet, { owner: { kind: 'container', ids: [`id-of-${W}`] } }));
    assert.match(
      found(fleet, 'GpuMemoryLeaked')?.evidence[0] ?? '',
      /: its container paddle-worker-gpu1-0 has ended$/,
    );
  });

  it('is found without a dcgm-exporter too, and beside containers that use the GPU', () => {
    const fleet = watched();
    fleet.container(OTHER);
    fleet.store.forgetSource('dcgm');
    const one = stray(fleet);
    const other = stray(fleet, { pid: 1, owner: { kind: 'container', ids: [`id-of-${OTHER}`] } });
    for (let step = 0; step < 62; step++) {
      fleet.pass(5);
      read(fleet, one, other);
      fleet.store.forgetSource('dcgm');
      fleet.judge();
    }
    assert.match(found(fleet, 'GpuMemoryLeaked')?.summary ?? '', /by process 4242/);
  });

  it('counts several, and says of one that has ended what frees its memory', () => {
    const fleet = watched();
    readFor(
      fleet,
      310,
      stray(fleet),
      stray(fleet, { pid: 43, usedBytes: 20 * GIB, owner: { kind: 'ended' } }),
    );
    const finding = found(fleet, 'GpuMemoryLeaked');
    assert.match(
      finding?.summary ?? '',
      /^GPU 1: 32\.3 GiB .* by 2 processes, the largest process 43 \(python\)$/,
    );
    assert.match(finding?.evidence[0] ?? '', /it has ended, and the driver still keeps its memory: a reset/);
  });

  it('is over two minutes after it is gone', () => {
    const fleet = watched();
    readFor(fleet, 310, stray(fleet));
    assert.ok(found(fleet, 'GpuMemoryLeaked'));
    readFor(fleet, 130);
    assert.equal(found(fleet, 'GpuMemoryLeaked'), undefined);
  });

  it('stays open, unconfirmed, while nvidia-smi cannot be read', () => {
    const fleet = watched();
    readFor(fleet, 310, stray(fleet));
    const source = 'gpu_processes' as const;
    for (let step = 0; step < 60; step++) {
      fleet.pass(5);
      fleet.store.apply({
        kind: 'source-failed',
        source,
        atMs: fleet.nowMs,
        reason: 'timeout',
        problem: 'it hangs',
      });
      fleet.judge();
    }
    assert.equal(found(fleet, 'GpuMemoryLeaked')?.isUnconfirmed, true);
  });

  it('is not found of containers that ended after nvidia-smi was read, however late it is read again', () => {
    const fleet = watched({ detection: { gpu_memory_for: '10s' } });
    fleet.container(W);
    read(fleet, stray(fleet, { owner: { kind: 'container', ids: [`id-of-${W}`] } }));
    end(fleet, W, 137, true);
    fleet.judgeFor(25);
    assert.equal(found(fleet, 'GpuMemoryLeaked'), undefined);
    readFor(fleet, 60);
    assert.equal(found(fleet, 'GpuMemoryLeaked'), undefined);
  });

  const silent: readonly (readonly [what: string, more: Partial<GpuProcess>])[] = [
    ['holds little', { usedBytes: GIB }],
    ['is expected there', { isExpected: true }],
    ['holds an amount that nobody knows', { usedBytes: 0 }],
    ['belongs to a container that runs', { owner: { kind: 'container', ids: [`id-of-${W}`] } }],
    ['is nobody knows whose', { owner: { kind: 'unknown' } }],
  ];
  for (const [what, more] of silent) {
    it(`is not found where it ${what}`, () => {
      const fleet = watched();
      fleet.container(W);
      readFor(fleet, 600, stray(fleet, more));
      assert.equal(found(fleet, 'GpuMemoryLeaked'), undefined);
    });
  }
});

describe('GpuMemoryHigh', () => {
  it('names who holds most', () => {
    const fleet = watched();
    fleet.container(W);
    fleet.container(OTHER);
    readGpus(fleet, gpu('1', { memory: { usedBytes: 178 * GIB, totalBytes: 180 * GIB } }));
    const holds = (name: string, gib: number, pid: number): GpuProcess =>
      stray(fleet, { pid, usedBytes: gib * GIB, owner: { kind: 'container', ids: [`id-of-${name}`] } });
    read(fleet, holds(OTHER, 20, 1), holds(W, 150, 2));
    for (let step = 0; step < 70; step++) {
      fleet.pass(5);
      readGpus(fleet, gpu('1', { memory: { usedBytes: 178 * GIB, totalBytes: 180 * GIB } }));
      fleet.judge();
    }
    assert.ok(
      found(fleet, 'GpuMemoryHigh')?.evidence.includes(`held most by ${W} 150.0 GiB, ${OTHER} 20.0 GiB`),
      JSON.stringify(found(fleet, 'GpuMemoryHigh')),
    );
  });
});

describe('GpuError', () => {
  it('says that nvidia-smi hangs as well', () => {
    const fleet = watched();
    const problem = 'nvidia-smi (process 7) has not answered for 5m00s and cannot be killed';
    readGpus(fleet, gpu('0'), gpu('1'));
    fleet.judge();
    readGpus(fleet, gpu('0'));
    fleet.store.apply({
      kind: 'source-failed',
      source: 'gpu_processes',
      atMs: fleet.nowMs,
      reason: 'timeout',
      problem,
    });
    fleet.judgeFor(20);
    assert.ok(found(fleet, 'GpuError')?.evidence.includes(problem));
  });
});
