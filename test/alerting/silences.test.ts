import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSilence } from '../../src/alerting/parse-silence.js';
import type { SilenceMatchers } from '../../src/alerting/silence.js';
import { createSilences, type Silences } from '../../src/alerting/silences.js';
import type { JournalFields } from '../../src/journal/journal-entry.js';
import { findingOf } from '../support/alert-findings.js';
import { createFakeClock } from '../support/fake-clock.js';

function setUp() {
  const clock = createFakeClock();
  const entries: JournalFields[] = [];
  let saved: unknown;
  const open = (): Silences => {
    const silences = createSilences({
      section: {
        load: () => JSON.parse(JSON.stringify(saved ?? null)) as unknown,
        save: (produce) => (saved = produce()),
      },
      journal: { append: (entry) => entries.push(entry) },
      clock,
    });
    silences.load();
    return silences;
  };
  return { clock, entries, open };
}

const request = (matchers: SilenceMatchers) => ({
  matchers,
  durationMs: 60_000,
  by: 'ann',
  comment: 'new disk',
});
const stuck = findingOf('WorkerStuck', 'paddle-worker-gpu1-0', {
  subject: { container: 'paddle-worker-gpu1-0', stage: 'G3_02', gpu: '1' },
});

describe('a silence', () => {
  const cases: readonly (readonly [SilenceMatchers, boolean])[] = [
    [{ container: 'paddle-worker-gpu1-0' }, true],
    [{ container: 'paddle-*', stage: 'G3_0?' }, true],
    [{ kind: 'Worker*', severity: 'critical', gpu: '1' }, true],
    [{ kind: 'WorkerStuck', stage: 'G5_*' }, false],
    [{ severity: 'warning' }, false],
    [{ queue: '*' }, false],
  ];
  for (const [matchers, isSilenced] of cases) {
    it(`of ${JSON.stringify(matchers)} ${isSilenced ? 'fits' : 'does not fit'} a stuck worker`, () => {
      const silences = setUp().open();
      silences.add(request(matchers));
      assert.equal(silences.isSilenced(stuck), isSilenced);
    });
  }

  it('ends by itself, outlives the daemon, and is written down at both ends, once', async () => {
    const { clock, entries, open } = setUp();
    open().add(request({ kind: '*' }));
    await clock.advance(59_999);
    let silences = open();
    silences.review();
    assert.ok(silences.isSilenced(stuck));
    await clock.advance(1);
    assert.ok(!silences.isSilenced(stuck));
    silences.review();
    silences = open();
    silences.review();
    assert.deepEqual(
      entries.map(({ type, by, how }) => [type, by, how]),
      [
        ['silence_added', 'ann', undefined],
        ['silence_ended', 'ann', 'expired'],
      ],
    );
    assert.equal(silences.list().length, 1, 'it is still listed');
    await clock.advance(24 * 3_600_000);
    silences.review();
    assert.deepEqual(silences.list(), []);
  });

  it('can be ended before its time, once', () => {
    const { entries, open } = setUp();
    const silences = open();
    const id = silences.add(request({ kind: '*' }))?.id ?? '';
    assert.ok(silences.expire(id, 'bob'));
    assert.equal(silences.expire(id, 'bob'), undefined);
    silences.review();
    assert.ok(!silences.isSilenced(stuck));
    assert.deepEqual(
      entries.map(({ type, endedBy }) => [type, endedBy]),
      [
        ['silence_added', undefined],
        ['silence_ended', 'bob'],
      ],
    );
  });

  it('is one of a bounded number', () => {
    const silences = setUp().open();
    for (let count = 0; count < 500; count++) assert.ok(silences.add(request({ kind: '*' })));
    assert.equal(silences.add(request({ kind: '*' })), undefined);
  });
});

describe('a request for a silence', () => {
  it('is read with its duration in words', () => {
    assert.deepEqual(parseSilence({ matchers: { kind: 'Worker*' }, duration: '1h30m', by: 'ann\r\nx' }), {
      matchers: { kind: 'Worker*' },
      durationMs: 5_400_000,
      by: 'ann x',
      comment: '',
    });
  });

  const faulty: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /expected a JSON object/],
    [[], /expected a JSON object/],
    [{ duration: '2h' }, /matchers: expected at least one of kind, container/],
    [{ matchers: {}, duration: '2h' }, /at least one of/],
    [{ matchers: { kinds: 'x' }, duration: '2h' }, /got "kinds"/],
    [{ matchers: { kind: 5 }, duration: '2h' }, /matchers\.kind: expected a name pattern/],
    [{ matchers: { kind: 'WorkerStuk' }, duration: '2h' }, /fits none of WorkerStuck/],
    [{ matchers: { severity: 'bad' }, duration: '2h' }, /fits none of critical, warning, info/],
    [{ matchers: { kind: '*' } }, /duration: expected a duration like 30m or 2h/],
    [{ matchers: { kind: '*' }, duration: '31d' }, /from 1s to 30d/],
    [{ matchers: { kind: '*' }, duration: '2h', by: 7 }, /expected text/],
    [{ matchers: { kind: '*' }, duration: '2h', until: 7 }, /unknown field "until"/],
  ];
  it('is refused for a stage that there is not, with the stages that there are', () => {
    const names = { stage: ['G2_00', 'G3_02'] };
    const ask = (stage: string) => parseSilence({ matchers: { stage }, duration: '2h' }, names);
    const refused = ask('NOPE');
    assert.equal('problem' in refused && refused.problem, 'matchers.stage: NOPE fits none of G2_00, G3_02');
    assert.ok(!('problem' in ask('G3_*')));
    assert.ok(
      !('problem' in parseSilence({ matchers: { stage: 'NOPE' }, duration: '2h' })),
      'none is known yet',
    );
  });

  for (const [body, problem] of faulty) {
    it(`is refused: ${JSON.stringify(body)}`, () => {
      const parsed = parseSilence(body);
      assert.match('problem' in parsed ? parsed.problem : 'none', problem);
    });
  }
});
