import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { reviewAlerts } from '../../src/alerting/alert-book.js';
import { readMemory } from '../../src/alerting/alert-memory.js';
import { settingsWith, T0 } from '../support/alert-findings.js';
import { type Play, play, stuck } from '../support/alert-play.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;

describe('over a restart', () => {
  it('nothing is told twice, forgotten, or resolved too soon', () => {
    const { at, restart, sent } = play();
    at(0, [stuck()]);
    restart();
    at(10 * S, [stuck()]);
    restart();
    at(60 * S, [stuck(0, { isUnconfirmed: true })]);
    restart();
    at(4 * M, [stuck()]);
    restart();
    at(5 * M, []);
    restart();
    at(6 * M, []);
    assert.deepEqual(sent, ['new WorkerStuck 1', 'resolved WorkerStuck 0']);
  });

  it('what was decided is still to be sent, under the same id', () => {
    const run = play();
    run.isDelivering = false;
    run.at(0, [stuck()]);
    run.at(10 * S, [stuck()]);
    const [before] = run.memory.outbox;
    run.restart();
    run.at(15 * S, [stuck()]);
    assert.deepEqual(run.memory.outbox, [before]);
  });

  it('a memory of another shape is left out, whatever is in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const memory = readMemory({
          groups: { a: one },
          outbox: [other],
          sentAtMs: { b: one },
          alertmanager: { c: other },
        });
        reviewAlerts(memory, {
          findings: new Map(),
          isSilenced: () => false,
          settings: settingsWith(),
          nowMs: T0,
          isUnderWay: () => false,
        });
        readMemory(one);
      }),
    );
  });
});

describe('a new configuration', () => {
  it('sends no word of an end to who is told no more, nor of one that is told elsewhere now', () => {
    const run = play();
    run.at(0, [stuck()]);
    run.at(10 * S, [stuck()]);
    run.use(settingsWith({ routes: [{ kinds: '*', to: ['new@example.com'] }] }));
    assert.equal(run.at(20 * S, [stuck()]), 'none:waiting_for_group none:told');
    run.at(30 * S, [stuck()]);
    assert.equal(run.at(40 * S, []), 'resolved resolved');
    assert.deepEqual(run.sent, [
      'new WorkerStuck 1',
      'new WorkerStuck 1',
      'resolved WorkerStuck 0',
      'resolved WorkerStuck 0',
    ]);
    run.at(50 * S, [stuck()]);
    run.at(60 * S, [stuck()]);
    run.use(settingsWith({ email: { smtp_url: 'smtp://mail', to: ['other@example.com'] } }));
    assert.equal(run.at(70 * S, []), '');
  });
});

/** Any history of five findings, with silences, restarts and failed deliveries in between. */
const step = fc.record({
  waitMs: fc.integer({ min: 1, max: 30 * M }),
  open: fc.uniqueArray(fc.integer({ min: 0, max: 4 })),
  silenced: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
  isRestarted: fc.boolean(),
  isDelivering: fc.boolean(),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function playSteps(steps: readonly Step[]): Play {
  const run = play();
  let nowMs = 0;
  const openedAtMs = new Map<number, number>();
  for (const { waitMs, open, silenced, isRestarted, isDelivering } of steps) {
    nowMs += waitMs;
    for (const number of openedAtMs.keys()) if (!open.includes(number)) openedAtMs.delete(number);
    for (const number of open) openedAtMs.set(number, openedAtMs.get(number) ?? T0 + nowMs);
    run.isDelivering = isDelivering;
    const findings = open.map((number) => stuck(number, { openedAtMs: openedAtMs.get(number) ?? T0 }));
    run.at(nowMs, findings, { silenced: silenced.map((number) => stuck(number).id) });
    if (isRestarted) run.restart();
  }
  run.isDelivering = true;
  for (const hours of [1, 2, 3]) run.at(nowMs + hours * H, []);
  return run;
}

describe('whatever happens', () => {
  it('an end is told once, to whom was told of the beginning, and in the end nothing is remembered', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { sent, memory } = playSteps(steps);
        let isOpen = false;
        for (const one of sent) {
          const reason = one.split(' ')[0] ?? '';
          // A trouble that was silenced to its end is the only one whose end is not told.
          const begins = ['new', 'flapping', 'silence_ended'].includes(reason);
          assert.ok(begins || isOpen, sent.join(', '));
          isOpen = reason !== 'resolved';
        }
        assert.deepEqual(memory.groups, {});
      }),
      { numRuns: 300 },
    );
  });

  it('who was told of a trouble is told of its end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { sent } = playSteps(steps.map((one) => ({ ...one, silenced: [] })));
        assert.ok(sent.length === 0 || sent.at(-1)?.startsWith('resolved'), sent.join(', '));
        const begins = sent.filter((one) => /^(new|flapping)/.test(one)).length;
        assert.equal(begins, sent.filter((one) => one.startsWith('resolved')).length, sent.join(', '));
      }),
      { numRuns: 300 },
    );
  });
});
