import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorkerStatus } from '../../src/detectors/verdicts.js';
import { renderHoldUp } from '../../src/views/hold-up-json.js';

const workers = (...statuses: readonly WorkerStatus[]) =>
  statuses.map((status, index) => ({ container: `w-${index}`, status }));
const named = (...statuses: readonly WorkerStatus[]): readonly string[] =>
  renderHoldUp({ stage: 'G3_02', workers: workers(...statuses) }).workers.map(({ container }) => container);

describe('who holds an orchestrator up', () => {
  it('are those who are not well, worst first, and nobody who works, waits for work or starts', () => {
    assert.deepEqual(named('active', 'slow', 'idle', 'stuck', 'starting', 'down'), ['w-3', 'w-5', 'w-1']);
    assert.deepEqual(named('starved', 'unknown'), ['w-0', 'w-1']);
    assert.deepEqual(named('active', 'idle'), []);
  });

  it('stay few in a stage of hundreds, and are counted', () => {
    const many = Array.from({ length: 200 }, (): WorkerStatus => 'stuck');
    const { workers: told, ...counts } = renderHoldUp({
      stage: 'G3_02',
      workers: workers('active', ...many),
    });
    assert.equal(told.length, 10);
    assert.deepEqual(counts, { stage: 'G3_02', serving: 201, unwell: 200 });
  });
});
