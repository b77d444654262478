import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutSweep } from '../../../src/sources/progress/cut-sweep.js';
import type { DirectorySweep } from '../../../src/sources/progress/sweep-directory.js';
import { createSourceHarness } from '../../support/source-harness.js';

const AT_MS = 1_763_900_000_000;

function sweepOf(names: readonly string[], more: Partial<DirectorySweep> = {}): DirectorySweep {
  const changed = names.map((name) => ({
    name,
    mtimeMs: AT_MS,
    reading: { kind: 'ignored', reason: 'not_json', detail: 'x' } as const,
  }));
  return { isComplete: false, changed, removed: [], skipped: 0, ...more };
}

describe('a look at very many progress files', () => {
  it('comes in parts that make the same picture, at its start too', () => {
    const { fleet, context } = createSourceHarness();
    const apply = (sweep: DirectorySweep): void => {
      for (const part of cutSweep(sweep, 2)) context.apply({ kind: 'progress-swept', atMs: AT_MS, ...part });
    };
    const names = (): readonly string[] => [...fleet.ignoredProgressFiles.keys()].toSorted();
    apply(sweepOf(['a', 'b', 'c', 'd', 'e'], { isComplete: true }));
    assert.deepEqual(names(), ['a', 'b', 'c', 'd', 'e']);
    apply(sweepOf(['f', 'g', 'h'], { removed: ['a'] }));
    assert.deepEqual(names(), ['b', 'c', 'd', 'e', 'f', 'g', 'h']);
    apply(sweepOf(['h', 'i', 'j'], { isComplete: true }));
    assert.deepEqual(names(), ['h', 'i', 'j']);
    assert.equal(fleet.progressFileCounts?.ignored.not_json, 3);
  });

  it('says in its last part alone that it is over, and whose files are foreign', () => {
    const foreign = [{ name: 'a', uid: 1 }];
    const parts = cutSweep(sweepOf(['a', 'b', 'c'], { foreign, skipped: 7 }), 1);
    assert.deepEqual(
      parts.map(({ isPart, foreign: named, skipped }) => [isPart, named, skipped]),
      [
        [true, undefined, 7],
        [true, undefined, 7],
        [undefined, foreign, 7],
      ],
    );
  });

  it('is one part where it is small', () => {
    const sweep = sweepOf(['a']);
    assert.deepEqual(cutSweep(sweep), [sweep]);
  });
});
