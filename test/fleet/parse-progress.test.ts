import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import { PROGRESS_IGNORE_REASONS, type ProgressIgnoreReason } from '../../src/fleet/progress-model.js';

test('the whole of the contract is read', () => {
  const text = JSON.stringify({
    schema: 1,
    role: 'worker',
    name: 'paddle-worker-gpu1-0',
    stage: 'G3_02',
    state: 'Running',
    document: 'PMC1',
    done: 12,
    total: 40,
    unit: 'page',
    message: 'page 12',
    started_at: 1_763_900_000,
    updated_at: 1_763_900_123.5,
    completed: ['G2_00'],
    anything: { else: [1] },
    gpu: { id: 0 },
  });
  assert.deepEqual(parseProgress(text, 'file'), {
    kind: 'report',
    report: {
      name: 'paddle-worker-gpu1-0',
      role: 'worker',
      stage: 'G3_02',
      state: 'running',
      document: 'PMC1',
      done: 12,
      total: 40,
      unit: 'page',
      message: 'page 12',
      startedAtMs: 1_763_900_000_000,
      updatedAtMs: 1_763_900_123_500,
      completed: ['G2_00'],
    },
  });
});

test('only the name is needed, and the file gives one', () => {
  assert.deepEqual(parseProgress('{}', 'w-1'), { kind: 'report', report: { name: 'w-1' } });
  assert.deepEqual(parseProgress('\uFEFF {"name":"x","total":null,"stage":null}\n'), {
    kind: 'report',
    report: { name: 'x' },
  });
});

const UNUSABLE: readonly (readonly [string, ProgressIgnoreReason])[] = [
  ['', 'empty'],
  [' \n', 'empty'],
  ['{"name":"x"', 'not_json'],
  ['\u0000\u0001', 'not_json'],
  ['[1]', 'wrong_type'],
  ['null', 'wrong_type'],
  ['"text"', 'wrong_type'],
  ['{"name":5}', 'wrong_type'],
  ['{"name":"x","done":"12"}', 'wrong_type'],
  ['{"name":"x","done":-1}', 'wrong_type'],
  ['{"name":"x","total":1e999}', 'wrong_type'],
  ['{"name":"x","role":"boss"}', 'wrong_type'],
  ['{"name":"x","stage":["G"]}', 'wrong_type'],
  ['{"name":"x","stage":"a\\nb"}', 'wrong_type'],
  ['{"name":"x","completed":"G2"}', 'wrong_type'],
  ['{"name":"x","completed":[1]}', 'wrong_type'],
  ['{"name":"x","updated_at":true}', 'wrong_type'],
  ['{"name":"x","updated_at":"noon"}', 'clock'],
  ['{"name":"x","started_at":5}', 'clock'],
  ['{"name":"x","done":NaNa}', 'not_json'],
  ['{}', 'bad_name'],
  ['{"name":""}', 'bad_name'],
  ['{"name":"../x"}', 'bad_name'],
  ['{"name":"a/b"}', 'bad_name'],
  ['{"name":"a\\\\b"}', 'bad_name'],
  ['{"name":".."}', 'bad_name'],
  ['{"name":"a\\u0000"}', 'bad_name'],
  [`{"name":"${'n'.repeat(300)}"}`, 'bad_name'],
  [`{"name":"x","message":"${'m'.repeat(65_536)}"}`, 'oversized'],
];

for (const [text, reason] of UNUSABLE) {
  test(`${JSON.stringify(text.slice(0, 50))} is ignored: ${reason}`, () => {
    const reading = parseProgress(text);
    assert.equal(reading.kind === 'ignored' && reading.reason, reason);
  });
}

test('the unit of a time is told by its size', () => {
  for (const unit of ['', '000', '000000', '000000000']) {
    const reading = parseProgress(`{"name":"x","state":"running","updated_at":1795922143${unit}}`);
    assert.equal(reading.kind === 'report' && reading.report.updatedAtMs, 1_795_922_143_000, unit);
  }
});

test('bare NaN and Infinity, as Python writes them, are absent; within text they are text', () => {
  const text =
    '{"name":"x","document":"PMC1 NaN, \\"Infinity\\"","done":3,"total":NaN,"started_at":-Infinity,"message":"NaN"}';
  const reading = parseProgress(text);
  assert.deepEqual(reading.kind === 'report' && reading.report, {
    name: 'x',
    document: 'PMC1 NaN, "Infinity"',
    message: 'NaN',
    done: 3,
  });
});

test('a row of quotes that none ends is no JSON, and looked at once', () => {
  for (const end of ['', '\\', 'NaN']) {
    const reading = parseProgress(`{${'\\"'.repeat(30_000)}${end}`);
    assert.equal(reading.kind === 'ignored' && reading.reason, 'not_json');
  }
});

test('text too long for anybody is cut', () => {
  const reading = parseProgress(JSON.stringify({ name: 'x', message: 'm'.repeat(5000) }));
  assert.equal(reading.kind === 'report' && reading.report.message?.length, 1024);
});

test('whatever comes is a report with a name or a reason of the closed set', () => {
  const fields = fc.record(
    {
      name: fc.oneof(fc.string(), fc.jsonValue()),
      role: fc.oneof(fc.constant('worker'), fc.jsonValue()),
      stage: fc.jsonValue(),
      done: fc.oneof(fc.double(), fc.jsonValue()),
      updated_at: fc.oneof(fc.double(), fc.jsonValue()),
      completed: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fields.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const reading = parseProgress(text, 'file');
      return reading.kind === 'report'
        ? reading.report.name !== '' && !reading.report.name.includes('/')
        : PROGRESS_IGNORE_REASONS.includes(reading.reason);
    }),
  );
});
