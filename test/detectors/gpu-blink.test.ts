import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/detectors/finding.js';
import type { GpuReading } from '../../src/fleet/gpu-observations.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { gpu, job, openedWhile, readGpus, stageFleet, W } from '../support/pipeline-events.js';

describe('a worker whose GPU alone shows that it moves', () => {
  function computing(): JudgedFleet {
    const fleet = stageFleet();
    fleet.container(W);
    fleet.cpu(W, 100);
    fleet.progress(W, job(fleet));
    for (let passed = 0; passed < 600; passed += 10) read(fleet, [gpu('1', { utilizationRatio: 0.98 })], 10);
    assert.notEqual(fleet.statusOf(W), 'stuck');
    return fleet;
  }

  function read(fleet: JudgedFleet, told: readonly GpuReading[], seconds: number): readonly Finding[] {
    const opened: Finding[] = [];
    for (let passed = 0; passed < seconds; passed += 10) {
      readGpus(fleet, gpu('0'), ...told);
      opened.push(...openedWhile(fleet, 'WorkerStuck', 10));
    }
    return opened;
  }

  it('is not stuck because answers lack how busy the GPU is', () => {
    assert.deepEqual(read(computing(), [gpu('1')], 500), []);
  });

  it('is stuck when they have lacked it for long: the exporter no longer says it', () => {
    assert.equal(read(computing(), [gpu('1')], 700).length, 1);
  });

  it('is not stuck because one answer leaves its GPU out', () => {
    const fleet = computing();
    assert.deepEqual(read(fleet, [], 20), []);
    assert.deepEqual(read(fleet, [gpu('1', { utilizationRatio: 0.98 })], 60), []);
  });

  it('is stuck when its GPU stays away', () => {
    assert.equal(read(computing(), [], 90).length, 1);
  });
});
