import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createQueueChooser } from '../../../src/sources/rabbitmq/choose-queues.js';

const NAMES = ['g1', 'g2', 'amq.gen-x', 'tmp-1', 'stagewatch-progress-1'];

describe('createQueueChooser', () => {
  const cases: readonly (readonly [string, { include: string[]; exclude: string[] }, string[], string[]])[] =
    [
      [
        'all by default but unnamed ones',
        { include: ['*'], exclude: ['amq.gen-*'] },
        [],
        ['g1', 'g2', 'tmp-1'],
      ],
      ['only what is included', { include: ['g*'], exclude: [] }, [], ['g1', 'g2']],
      [
        'a stage’s queue although it is excluded',
        { include: ['g1'], exclude: ['tmp*'] },
        ['tmp-1'],
        ['g1', 'tmp-1'],
      ],
      ['never its own', { include: ['stagewatch-*'], exclude: [] }, [], []],
    ];
  for (const [title, patterns, stages, expected] of cases) {
    it(`chooses ${title}`, () => {
      const chooser = createQueueChooser({ ...patterns, max_queues: 100 }, new Set(stages));
      assert.deepEqual([...chooser.choose(NAMES)].toSorted(), expected);
    });
  }

  it('keeps the same queues within its bound, whatever the order, and stages’ queues beside it', () => {
    const chooser = createQueueChooser({ include: ['*'], exclude: [], max_queues: 2 }, new Set(['z']));
    for (const names of [
      ['d', 'z', 'c', 'b', 'a'],
      ['a', 'b', 'c', 'd', 'z'],
    ]) {
      assert.deepEqual([...chooser.choose(names)].toSorted(), ['a', 'b', 'z']);
      assert.equal(chooser.leftOutCount, 2);
    }
    assert.deepEqual([...chooser.others], ['a', 'b']);
  });
});
