import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sentinelPath } from '../../../src/recovery/fail-fast/sentinel-path.js';

const PATTERN = '{document}/{stage}/sentinel.json';
const refused = (reason: string) => ({ kind: 'refused', reason });

describe('the path of a sentinel', () => {
  for (const [pattern, job, expected] of [
    [
      PATTERN,
      { document: 'PMC1', stage: 'G3_02' },
      { kind: 'path', folders: ['PMC1', 'G3_02'], file: 'sentinel.json' },
    ],
    [
      '{document}/{stage}.json',
      { document: 'PMC1', stage: 'G3_02' },
      { kind: 'path', folders: ['PMC1'], file: 'G3_02.json' },
    ],
    [
      'run/{document}-{stage}.done',
      { document: 'a$&b', stage: 'S' },
      { kind: 'path', folders: ['run'], file: 'a$&b-S.done' },
    ],
    ['{document}/done.json', { document: 'PMC1' }, { kind: 'path', folders: ['PMC1'], file: 'done.json' }],
    [
      PATTERN,
      { document: 'Bericht ä 😀', stage: 'S' },
      { kind: 'path', folders: ['Bericht ä 😀', 'S'], file: 'sentinel.json' },
    ],
    ['run-*/{document}/{stage}.json', { document: 'PMC1', stage: 'S' }, refused('pattern_has_wildcards')],
    ['**/{document}/{stage}.json', { document: 'PMC1', stage: 'S' }, refused('pattern_has_wildcards')],
    [PATTERN, { stage: 'S' }, refused('document_unknown')],
    [PATTERN, { document: 'PMC1' }, refused('stage_unknown')],
    [PATTERN, { document: '..', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: '.', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: '', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: '.hidden', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: '../../etc', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: '/etc/cron.d/x', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: 'a\0b', stage: 'S' }, refused('unsafe_name')],
    [PATTERN, { document: 'x'.repeat(300), stage: 'S' }, refused('unsafe_name')],
    // The reader would take it for the document `a` and the stage `b-c`.
    ['{document}-{stage}.json', { document: 'a-b', stage: 'c' }, refused('unsafe_name')],
    // And this for a failure of another file.
    [
      '{document}/{stage}',
      { document: 'a', stage: 'b.failed' },
      { kind: 'path', folders: ['a'], file: 'b.failed' },
    ],
  ] as const) {
    it(`${pattern} with ${JSON.stringify(job).slice(0, 60)}`, () => {
      assert.deepEqual(sentinelPath(pattern, job), expected);
    });
  }

  it('never has a name that leads out of its folder, whatever the document is called', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('..', '../x', 'a/../../b', '{stage}', '$&'),
    );
    fc.assert(
      fc.property(name, name, (document, stage) => {
        const path = sentinelPath(PATTERN, { document, stage });
        if (path.kind === 'refused') return;
        for (const one of [...path.folders, path.file]) {
          assert.ok(one !== '' && one !== '.' && one !== '..' && !one.includes('/') && !one.includes('\0'));
        }
        assert.deepEqual(path.folders, [document, stage]);
      }),
    );
  });
});
