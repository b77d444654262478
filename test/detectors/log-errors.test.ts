import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listLogged } from '../../src/detectors/suspects.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { end, found, job, OTHER, stageFleet, W } from '../support/pipeline-events.js';

const MINUTE_MS = 60_000;

function printed(fleet: JudgedFleet, name: string, line: string, pattern = 'gpu_oom'): void {
  fleet.store.apply({ kind: 'logs-watched', patterns: ['gpu_oom', 'nccl'], cooldownMs: 10 * MINUTE_MS });
  const match = { pattern, count: 1, line, atMs: fleet.nowMs };
  fleet.store.apply({ kind: 'logs-read', readings: [{ id: `id-of-${name}`, matches: [match] }] });
}

describe('LogErrors', () => {
  it('is one finding for each stage and pattern, which lasts ten minutes after the last line', () => {
    const fleet = stageFleet();
    fleet.container(W);
    printed(fleet, W, 'CUDA out of memory');
    printed(fleet, W, 'NCCL timeout', 'nccl');
    fleet.judge();
    assert.deepEqual(fleet.open().toSorted(), ['LogErrors:G3/gpu_oom', 'LogErrors:G3/nccl']);
    fleet.judgeFor(5 * 60);
    printed(fleet, W, 'CUDA out of memory again');
    fleet.judgeFor(9 * 60);
    assert.deepEqual(fleet.open(), ['LogErrors:G3/gpu_oom']);
    const finding = found(fleet, 'LogErrors');
    assert.match(finding?.summary ?? '', /^gpu_oom: 2 lines in the logs of 1 worker$/);
    assert.equal(finding?.subject.stage, 'G3');
    assert.equal(finding?.subject.container, undefined);
    fleet.judgeFor(2 * 60);
    assert.deepEqual(fleet.open(), []);
  });

  it('begins a new episode after a pause that is longer than the cooldown', () => {
    const fleet = stageFleet();
    fleet.container(W);
    printed(fleet, W, 'first');
    fleet.judgeFor(11 * 60);
    printed(fleet, W, 'second');
    fleet.judge();
    assert.match(found(fleet, 'LogErrors')?.summary ?? '', /1 line in the logs/);
    assert.equal(found(fleet, 'LogErrors')?.beganAtMs, fleet.nowMs);
  });

  it('shows three workers, and how many more there are', () => {
    const fleet = stageFleet();
    const names = Array.from({ length: 5 }, (_, index) => `paddle-worker-gpu0-${index}`);
    for (const name of names) {
      fleet.container(name);
      printed(fleet, name, 'CUDA out of memory');
    }
    fleet.judge();
    const { evidence = [] } = found(fleet, 'LogErrors') ?? {};
    assert.equal(evidence.length, 4);
    assert.equal(evidence[3], '2 workers more');
  });

  it('stays as it is while the engine cannot be read', () => {
    const fleet = stageFleet();
    fleet.container(W);
    printed(fleet, W, 'CUDA out of memory');
    fleet.judge();
    fleet.setUp('docker', false);
    fleet.judgeFor(20 * 60);
    assert.equal(found(fleet, 'LogErrors')?.isUnconfirmed, true);
  });
});

describe('the last word of a worker', () => {
  it('stands with how it ended', () => {
    const fleet = stageFleet();
    fleet.container(W);
    printed(fleet, W, 'Segmentation fault (core dumped)', 'segfault');
    end(fleet, W, 139);
    fleet.judgeFor(40);
    assert.ok(
      found(fleet, 'WorkerDown')?.evidence.some((line) =>
        /^its log 4\ds ago \(segfault\): Segmentation fault \(core dumped\)$/.test(line),
      ),
      found(fleet, 'WorkerDown')?.evidence.join('\n'),
    );
  });

  it('stands with what it is stuck at, and not that of the job before', () => {
    for (const isBefore of [false, true]) {
      const fleet = stageFleet({ detection: { stall_after: '1m' } });
      fleet.container(W);
      if (isBefore) printed(fleet, W, 'NCCL timeout', 'nccl');
      fleet.pass(10);
      fleet.progress(W, job(fleet, { stage: 'G3' }));
      fleet.pass(10);
      if (!isBefore) printed(fleet, W, 'NCCL timeout', 'nccl');
      fleet.cpu(W, 1);
      fleet.judgeFor(180);
      const { evidence = [] } = found(fleet, 'WorkerStuck') ?? {};
      assert.ok(evidence.length > 0);
      assert.equal(
        evidence.some((line) => /\(nccl\): NCCL timeout$/.test(line)),
        !isBefore,
        evidence.join('\n'),
      );
    }
  });
});

describe('workers whose logs are searched', () => {
  it('are those under watch, and all where that is asked for, the urgent ones first', () => {
    const fleet = stageFleet();
    fleet.container(W);
    fleet.container(OTHER);
    end(fleet, OTHER, 1);
    fleet.judgeFor(40);
    const listed = (all: boolean) => listLogged(fleet.evaluation.verdicts, fleet.store.fleet, all);
    assert.deepEqual(listed(false), [`id-of-${OTHER}`]);
    assert.deepEqual(listed(true), [`id-of-${OTHER}`, `id-of-${W}`]);
  });
});
