import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { createJudgedFleet } from '../support/judged-fleet.js';

/** A daemon that is started anew while its engine could not be read, and what it says of that later. */
function startedAnew(seconds: number, isReadAgain: boolean): readonly string[] {
  const before = createJudgedFleet();
  before.setUp('docker', false);
  before.judgeFor(60);
  assert.ok(before.open().includes('SourceDown:docker'));
  const after = createJudgedFleet();
  const { store } = after;
  const next = createEvaluation({
    fleet: store.fleet,
    settings: configSchema.parse({}),
    savedFindings: JSON.parse(JSON.stringify(before.evaluation.saveFindings())),
  });
  after.setUp('docker', isReadAgain);
  for (let passed = 0; passed < seconds; passed += 5) {
    after.pass(5);
    next.evaluate(after.nowMs);
  }
  return [...next.verdicts.findings.keys()];
}

describe('a source that could not be read before a restart of the daemon', () => {
  it('is found no longer as soon as it is read again', () => {
    assert.ok(!startedAnew(20, true).includes('SourceDown:docker'));
  });

  it('is still found where it cannot be read', () => {
    assert.ok(startedAnew(20, false).includes('SourceDown:docker'));
  });
});
