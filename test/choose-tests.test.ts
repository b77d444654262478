import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { affectedTests, testPaths, unitTests } from './choose-tests.js';

describe('the choice of tests', () => {
  it('has for the unit tests none that starts a server or a browser', () => {
    const unit = unitTests();
    assert.ok(unit.length > 100, `${unit.length}`);
    assert.ok(unit.length < testPaths().length);
    for (const path of unit)
      assert.doesNotMatch(readFileSync(join('test', path), 'utf8'), /skipWithout\(\s*'|startBrowser\(/);
  });

  for (const [changed, expected, others] of [
    ['test/detectors/starvation.test.ts', ['detectors/starvation.test.ts'], ['detectors/kinds.test.ts']],
    [
      'src/detectors/starvation.ts',
      ['detectors/starvation.test.ts', 'detectors/kinds.test.ts', 'rooms.test.ts'],
      ['lib/timing.test.ts', 'grafana/dashboards.test.ts'],
    ],
    ['docs/recovery.md', ['docs.test.ts', 'words.test.ts'], ['detectors/starvation.test.ts']],
    ['grafana/dashboards/stage.json', ['grafana/dashboards.test.ts'], ['docs.test.ts']],
  ] as const) {
    it(`finds what a change of ${changed} may break, and leaves out what it cannot`, () => {
      const affected = affectedTests(testPaths(), [changed]);
      for (const path of expected) assert.ok(affected.includes(path), path);
      for (const path of others) assert.ok(!affected.includes(path), path);
    });
  }

  it('is empty where nothing was changed', () => {
    assert.deepEqual(affectedTests(testPaths(), []), []);
  });
});
