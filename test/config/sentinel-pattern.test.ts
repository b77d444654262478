import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern, patternProblem } from '../../src/config/sentinel-pattern.js';

/** What a pattern makes of a path, by walking down as the source does. */
function matchPath(pattern: string, path: string) {
  const { root, enter, match } = compilePattern(pattern);
  const names = path.split('/');
  const file = names.pop() ?? '';
  let place: typeof root | undefined = root;
  for (const name of names) place = place && enter(place, name);
  return place && match(place, file);
}

const SENTINEL = '{document}/{stage}/sentinel.json';
const CASES: readonly [pattern: string, path: string, expected: string | undefined][] = [
  [SENTINEL, 'PMC1/G3_02/sentinel.json', 'success PMC1 G3_02'],
  [SENTINEL, 'PMC1/G3_02/sentinel.json.failed', 'failure PMC1 G3_02'],
  [SENTINEL, 'PMC1/G3_02/sentinel.json.tmp', undefined],
  [SENTINEL, 'PMC1/sentinel.json', undefined],
  [SENTINEL, 'a/PMC1/G3_02/sentinel.json', undefined],
  [SENTINEL, '.snapshot/G3_02/sentinel.json', undefined],
  ['{document}/{stage}.json', 'PMC1/G3_02.json', 'success PMC1 G3_02'],
  ['{document}/{stage}.json', 'PMC1/G3_02.json.failed', 'failure PMC1 G3_02'],
  ['{document}/{stage}.json', 'PMC1/.json', undefined],
  ['{document}/artifacts/{stage}-done', 'PMC1/artifacts/G5-x-done', 'success PMC1 G5-x'],
  ['run-*/{document}/sentinel.json', 'run-7/PMC1/sentinel.json', 'success PMC1 -'],
  ['run-*/{document}/sentinel.json', 'walk-7/PMC1/sentinel.json', undefined],
  ['{document}__{stage}.json', 'PMC_1__G3.json', 'success PMC_1 G3'],
  ['{stage}/{document}/{stage}.json', 'G3/PMC1/G3.json', 'success PMC1 G3'],
  ['{stage}/{document}/{stage}.json', 'G3/PMC1/G4.json', undefined],
  ['**/{document}/{stage}/sentinel.json', 'PMC1/G3/sentinel.json', 'success PMC1 G3'],
  ['**/{document}/{stage}/sentinel.json', 'a/b/c/PMC1/G3/sentinel.json', 'success PMC1 G3'],
  ['{document}/**/{stage}.json', 'PMC1/x/y/G3.json.failed', 'failure PMC1 G3'],
  ['{document}/**/{stage}.json', 'G3.json', undefined],
  ['{document}/*', 'PMC1/a.failed', 'failure PMC1 -'],
];

for (const [pattern, path, expected] of CASES) {
  test(`${pattern} makes ${expected ?? 'nothing'} of ${path}`, () => {
    const found = matchPath(pattern, path);
    const shown = found && `${found.outcome} ${found.document ?? '-'} ${found.stage ?? '-'}`;
    assert.equal(shown, expected);
  });
}

for (const [pattern, problem] of [
  ['/{document}', /path under the root/],
  ['{document}/../x', /path under the root/],
  ['{document}{stage}.json', /text between/],
  ['a**/x', /text between/],
  ['{document}/**', /file name after/],
  ['{doc}/x', /no braces/],
  ['{stage}-{stage}.json', /once in a segment/],
  ['{document}/x.failed', /success sentinel/],
] as const) {
  test(`${pattern} is refused in words`, () => assert.match(patternProblem(pattern) ?? '', problem));
}

test('every path that is written by a pattern is read back by it', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9]{1,12}$/);
  fc.assert(
    fc.property(name, name, fc.array(name, { maxLength: 5 }), (document, stage, above) => {
      const path = [...above, document, `${stage}.json`].join('/');
      assert.deepEqual(matchPath('**/{document}/{stage}.json', path), {
        outcome: 'success',
        document,
        stage,
      });
    }),
  );
});

test('the longest name is matched at once, however many stars the pattern has', () => {
  const pattern = `${'*a'.repeat(120)}b`;
  // CPU time, so that a busy machine does not matter; backtracking would take longer than anybody waits.
  const before = process.cpuUsage();
  assert.equal(matchPath(pattern, 'a'.repeat(255)), undefined);
  assert.ok(process.cpuUsage(before).user < 100_000);
});
