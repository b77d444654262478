import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultsOfLabels, isRestartAllowedBy } from '../../src/fleet/label-faults.js';
import { containerFacts, fleetOf } from '../support/build-fleet.js';

const STAGES = ['G3_02', 'G4_00'];

describe('labels', () => {
  for (const [labels, expected] of [
    [{ 'stagewatch.role': 'worker', 'stagewatch.stage': 'G3_02', 'stagewatch.gpu': '1' }, []],
    [{ 'stagewatch.role': 'ignore', 'stagewatch.restart': 'False' }, []],
    [{ 'com.example.role': 'wroker' }, []],
    [
      { 'stagewatch.role': 'wroker' },
      [
        'label stagewatch.role=wroker is no role (worker, orchestrator, infrastructure, other, ignore); meant worker?',
      ],
    ],
    [
      { 'stagewatch.restart': 'never' },
      ['label stagewatch.restart=never is neither true nor false: it is taken as false'],
    ],
    [
      { 'stagewatch.stage': 'G3_2' },
      ['label stagewatch.stage=G3_2 names no stage that is configured; meant G3_02?'],
    ],
    // A stage of its own, which labels alone tell of.
    [{ 'stagewatch.stage': 'Thumbnails' }, []],
    [
      { 'stagewatch.stag': 'G3_02' },
      [
        'label stagewatch.stag is not known (stagewatch.role, stagewatch.stage, stagewatch.gpu, stagewatch.restart, stagewatch.dump_signal); meant stagewatch.stage?',
      ],
    ],
  ] as const) {
    it(`${JSON.stringify(labels)}: ${expected.length === 0 ? 'nothing to say' : expected[0]}`, () =>
      assert.deepEqual(faultsOfLabels(labels, STAGES), expected));
  }

  for (const [value, isAllowed] of [
    ['true', true],
    ['Yes', true],
    ['1', true],
    ['false', false],
    ['False', false],
    ['no', false],
    ['never', false],
    ['', false],
  ] as const) {
    it(`stagewatch.restart=${value} ${isAllowed ? 'allows' : 'forbids'} restarts`, () => {
      assert.equal(isRestartAllowedBy(value), isAllowed);
      const facts = containerFacts('paddle-worker-gpu0-0', { labels: { 'stagewatch.restart': value } });
      const [container] = [...fleetOf(facts).fleet.containers.values()];
      assert.equal(container?.isRestartAllowed, isAllowed);
    });
  }
});
