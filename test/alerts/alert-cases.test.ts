import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../src/lib/duration.js';
import { skipWithout } from '../support/machine.js';
import { type AlertCase, runAlertCase } from '../support/promtool-case.js';
import { ALERT_RULES } from '../support/rule-files.js';
import { tempDir } from '../support/temp-dir.js';
import { FACT_CASES, MORE_FACT_CASES } from './fact-cases.js';
import { CONSEQUENCE_CASE, FINDING_CASES } from './finding-cases.js';

const CASES: readonly AlertCase[] = [...FINDING_CASES, CONSEQUENCE_CASE, ...FACT_CASES];

describe('alerts, by promtool', { skip: skipWithout('prometheus') }, () => {
  for (const alertCase of CASES) {
    it(`${alertCase.alert} is quiet just before, fires with its words, and resolves`, async (test) => {
      runAlertCase(await tempDir(test), alertCase);
    });
  }
  for (const alertCase of MORE_FACT_CASES) {
    const what =
      alertCase.firesAt.length > 0 ? 'fires in its other way too' : 'stays quiet where nothing is told';
    it(`${alertCase.alert} ${what}`, async (test) => runAlertCase(await tempDir(test), alertCase));
  }

  it('are quiet one evaluation before they fire', () => {
    for (const { alert, quietAt, firesAt } of CASES) {
      const [last, first] = [quietAt.at(-1), firesAt[0]];
      if (last === undefined || first === undefined) continue;
      assert.equal((parseDuration(first) ?? 0) - (parseDuration(last) ?? 0), 15_000, alert);
    }
  });

  it('are all tried here, before, while and after they fire', () => {
    const tried = CASES.filter(
      ({ alert, quietAt, firesAt, resolvedAt }) =>
        firesAt.length > 0 && (alert === 'PipelineWatchdog' || (quietAt.length > 0 && resolvedAt.length > 0)),
    ).map(({ alert }) => alert);
    assert.deepEqual(new Set(tried), new Set(ALERT_RULES.map(({ alert }) => alert)));
  });
});
