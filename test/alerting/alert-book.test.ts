import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findingOf, settingsWith, T0 } from '../support/alert-findings.js';
import { play, stuck } from '../support/alert-play.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;

const slow = findingOf('WorkerSlow', 'w');

describe('a finding', () => {
  it('waits for its group, is told once, again after the repeat interval, and resolved', () => {
    const { at } = play();
    assert.equal(at(0, [stuck()]), 'none:waiting_for_group');
    assert.equal(at(9 * S, [stuck()]), 'none:waiting_for_group');
    assert.equal(at(10 * S, [stuck()]), 'new');
    assert.equal(at(15 * S, [stuck()]), 'none:told');
    assert.equal(at(4 * H + 9 * S, [stuck()]), 'none:told');
    assert.equal(at(4 * H + 10 * S, [stuck()]), 'repeat');
    assert.equal(at(8 * H, [stuck()]), 'none:told');
    assert.equal(at(8 * H + 10 * S, [stuck()]), 'repeat');
    assert.equal(at(8 * H + 15 * S, []), 'resolved');
    assert.equal(at(8 * H + 20 * S, []), '');
  });

  it('is not told when it ends before its group was told', () => {
    const { at, sent } = play();
    at(0, [stuck()]);
    assert.equal(at(5 * S, []), 'none:gone');
    assert.equal(at(10 * S, []), '');
    assert.deepEqual(sent, []);
  });

  it('is resolved with what was told of it, and how long it lasted', () => {
    const run = play();
    run.at(0, [stuck()]);
    run.at(10 * S, [stuck()]);
    run.isDelivering = false;
    run.at(60 * S, []);
    const [resolved] = run.memory.outbox;
    assert.equal(resolved?.findingCount, 0);
    assert.equal(resolved?.stage, 'G3_02');
    assert.deepEqual(resolved?.ended, [
      {
        id: 'WorkerStuck:paddle-worker-gpu1-0',
        subject: stuck().subject,
        summary: stuck().summary,
        clearsWhen: stuck().clearsWhen,
        beganAtMs: stuck().beganAtMs,
        endedAtMs: T0 + 60 * S,
      },
    ]);
  });

  it('is not told as resolved where that is off', () => {
    const { at, sent } = play(settingsWith({ send_resolved: false }));
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    assert.equal(at(15 * S, []), 'none:resolved_untold');
    assert.equal(at(20 * S, []), '');
    assert.equal(sent.length, 1);
  });

  it('does not resolve while nobody can look, and is then not told for the first time either', () => {
    const { at, sent } = play();
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    assert.equal(at(20 * S, [stuck(0, { isUnconfirmed: true })]), 'none:told');
    assert.equal(
      at(30 * S, [stuck(0, { isUnconfirmed: true }), { ...slow, isUnconfirmed: true }]),
      'none:told none:unconfirmed',
    );
    at(60 * S, [stuck(0, { isUnconfirmed: true }), { ...slow, isUnconfirmed: true }]);
    assert.equal(sent.length, 1);
    at(65 * S, [stuck(), slow]);
    assert.equal(at(75 * S, [stuck(), slow]), 'none:told new');
  });
});

describe('a group', () => {
  it('of a stage’s ten workers is one message, those that began first at the front', () => {
    const run = play();
    run.isDelivering = false;
    const ten = Array.from({ length: 10 }, (_, index) => stuck(index, { beganAtMs: T0 - index * M }));
    run.at(0, ten.slice(0, 3));
    run.at(10 * S, ten);
    const [message] = run.memory.outbox;
    assert.equal(message?.findingCount, 10);
    assert.deepEqual(
      message?.findings.map(({ key }) => key),
      ten.map(({ key }) => key).toReversed(),
    );
  });

  it('is one for each kind and stage', () => {
    const { at, sent } = play();
    const elsewhere = findingOf('WorkerStuck', 't', { subject: { container: 't', stage: 'G5_00' } });
    const open = [slow, stuck(0), stuck(1), elsewhere];
    at(0, open);
    at(10 * S, open);
    assert.deepEqual(sent, ['new WorkerStuck 2', 'new WorkerStuck 1', 'new WorkerSlow 1']);
  });

  it('that grows is told again after the group interval, with who is new', () => {
    const run = play();
    run.at(0, [stuck()]);
    run.at(10 * S, [stuck()]);
    run.isDelivering = false;
    assert.equal(run.at(60 * S, [stuck(), stuck(1)]), 'none:waiting_for_group');
    assert.equal(run.at(70 * S, [stuck(), stuck(1)]), 'none:waiting_for_interval');
    assert.equal(run.at(5 * M + 10 * S, [stuck(), stuck(1)]), 'grew');
    const [grew] = run.memory.outbox;
    assert.deepEqual([grew?.findingCount, grew?.newIds], [2, ['WorkerStuck:paddle-worker-gpu1-1']]);
    assert.notEqual(grew?.threadId, grew?.id);
  });

  it('tells with its next message who has ended, and resolves with the last', () => {
    const run = play();
    run.at(0, [stuck(0), stuck(1)]);
    run.at(10 * S, [stuck(0), stuck(1)]);
    assert.equal(run.at(20 * S, [stuck(1)]), 'none:told');
    run.isDelivering = false;
    run.at(4 * H + 10 * S, [stuck(1)]);
    assert.deepEqual(
      run.memory.outbox.map(({ reason, ended, findingCount }) => [reason, ended.length, findingCount]),
      [['repeat', 1, 1]],
    );
    run.isDelivering = true;
    assert.equal(run.at(4 * H + 20 * S, []), 'resolved');
  });

  it('goes to each target by itself', () => {
    const { at, sent } = play(settingsWith({ webhook: { url: 'http://hook' } }));
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    assert.equal(sent.length, 2);
  });
});

describe('a common cause', () => {
  const cause = findingOf('CommonCause', 'gpu:1', { subject: { gpu: '1' }, openedAtMs: T0 });
  const followers = [stuck(0), stuck(1), slow].map((one) => ({ ...one, consequenceOf: cause.id }));

  it('is told with its consequences, worst first, which are not told themselves', () => {
    const run = play();
    run.isDelivering = false;
    assert.equal(
      run.at(0, [...followers.toReversed(), cause]),
      'none:consequence none:waiting_for_group none:consequence',
    );
    run.at(10 * S, [...followers.toReversed(), cause]);
    assert.deepEqual(run.sent, ['new CommonCause 1']);
    assert.deepEqual(
      run.memory.outbox[0]?.consequences.map(({ kind }) => kind),
      ['WorkerStuck', 'WorkerStuck', 'WorkerSlow'],
    );
    assert.equal(run.at(9 * H, [...followers, cause]), 'none:consequence repeat none:consequence');
  });

  it('is told to everybody who would be told of a consequence', () => {
    const { at, sent } = play(settingsWith({ routes: [{ stages: 'G3_*', to: ['gpu@example.com'] }] }));
    at(0, [...followers, cause]);
    at(10 * S, [...followers, cause]);
    assert.deepEqual(sent, ['new CommonCause 1', 'new CommonCause 1']);
  });

  it('leaves what outlasts it to be told by itself', () => {
    const { at } = play();
    at(0, [...followers, cause]);
    at(10 * S, [...followers, cause]);
    const [left] = followers;
    assert.ok(left);
    assert.equal(at(20 * S, [left]), 'none:waiting_for_group resolved');
    assert.equal(at(30 * S, [left]), 'new');
  });

  it('found late keeps quiet what was told before, until that ends', () => {
    const { at } = play();
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    const follower = { ...stuck(), consequenceOf: cause.id };
    assert.equal(at(15 * S, [follower, cause]), 'none:consequence none:waiting_for_group');
    assert.equal(at(5 * H, [follower, cause]), 'none:consequence new');
    assert.equal(at(5 * H + 5 * S, []), 'resolved resolved');
  });
});

describe('an orchestrator that waits for a worker', () => {
  const worker = stuck();
  const waiting = (consequenceOf: string) =>
    findingOf('OrchestratorStuck', 'o', { subject: { container: 'o', stage: 'G3_02' }, consequenceOf });

  it('is told in the message of the worker that is stuck', () => {
    const run = play();
    run.isDelivering = false;
    run.at(0, [worker, waiting(worker.id)]);
    run.at(10 * S, [worker, waiting(worker.id)]);
    assert.deepEqual(run.sent, ['new WorkerStuck 1']);
    assert.deepEqual(
      run.memory.outbox[0]?.consequences.map(({ kind }) => kind),
      ['OrchestratorStuck'],
    );
    assert.equal(run.at(20 * S, [waiting(worker.id)]), 'none:waiting_for_group resolved');
    assert.equal(run.at(30 * S, [waiting(worker.id)]), 'new');
  });

  it('is told by itself where its cause is milder, because that may wait for the morning', () => {
    const { at, sent } = play();
    const orphan = findingOf('JobOrphaned', 'w', { subject: { stage: 'G3_02', document: 'PMC2' } });
    const open = [orphan, waiting(orphan.id)];
    at(0, open);
    at(10 * S, open);
    assert.ok(sent.includes('new OrchestratorStuck 1'), sent.join());
  });
});

describe('a silence', () => {
  const silenced = [stuck().id];

  it('keeps a finding from being told at all', () => {
    const { at, sent } = play();
    at(0, [stuck()], { silenced });
    assert.equal(at(1 * H, [stuck()], { silenced }), 'none:silenced');
    assert.equal(at(2 * H, [], { silenced }), '');
    assert.deepEqual(sent, []);
  });

  it('ends repeats, and the word of its end', () => {
    const { at, sent } = play();
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    assert.equal(at(5 * H, [stuck()], { silenced }), 'none:silenced');
    assert.equal(at(6 * H, [], { silenced }), 'none:silenced');
    assert.equal(at(7 * H, []), '');
    assert.equal(sent.length, 1);
  });

  it('that ends is told where what it silenced is still open', () => {
    const { at } = play();
    at(0, [stuck()]);
    at(10 * S, [stuck()]);
    at(20 * S, [stuck()], { silenced });
    assert.equal(at(1 * H, [stuck()]), 'none:waiting_for_group');
    assert.equal(at(1 * H + 10 * S, [stuck()]), 'silence_ended');
    assert.equal(at(1 * H + 20 * S, [stuck()]), 'none:told');
  });
});

describe('quiet hours', () => {
  // T0 is 12:13:20 UTC.
  const settings = (more: object = {}) =>
    settingsWith({ quiet_hours: { from: '12:00', to: '13:00', ...more }, timezone: 'UTC' });
  const OVER = 46 * M + 40 * S;

  it('hold back all but critical findings until they are over', () => {
    const { at, sent } = play(settings());
    at(0, [stuck(), slow]);
    assert.equal(at(10 * S, [stuck(), slow]), 'new none:quiet_hours');
    assert.equal(at(OVER - 1, [slow]), 'resolved none:quiet_hours');
    assert.equal(at(OVER, [slow]), 'new');
    assert.deepEqual(sent, ['new WorkerStuck 1', 'resolved WorkerStuck 0', 'new WorkerSlow 1']);
  });

  it('hold back critical findings too where that is wanted, and the end of what was told', () => {
    const { at } = play(settings({ hold_critical: true, from: '12:15' }));
    at(0, [stuck()]);
    assert.equal(at(10 * S, [stuck()]), 'new');
    assert.equal(at(2 * M, []), 'none:quiet_hours');
    assert.equal(at(OVER, []), 'resolved');
  });

  it('forget what came and went in them', () => {
    const { at, sent } = play(settings());
    at(0, [slow]);
    at(10 * M, []);
    at(OVER, []);
    assert.deepEqual(sent, []);
  });
});

describe('what comes and goes', () => {
  it('is told three times, and then only when it has stayed away', () => {
    const { at, sent } = play();
    let nowMs = 0;
    const cycle = (openedAtMs: number): void => {
      const finding = stuck(0, { openedAtMs });
      at(nowMs, [finding]);
      at(nowMs + 15 * S, [finding]);
      at(nowMs + 60 * S, []);
      nowMs += 2 * M;
    };
    for (let count = 0; count < 10; count++) cycle(T0 + nowMs);
    assert.deepEqual(sent, [
      'new WorkerStuck 1',
      'resolved WorkerStuck 0',
      'new WorkerStuck 1',
      'resolved WorkerStuck 0',
      'flapping WorkerStuck 1',
    ]);
    const goneMs = nowMs - M;
    assert.equal(at(goneMs + 15 * M - 1, []), 'none:flapping');
    assert.equal(at(goneMs + 15 * M, []), 'resolved');
    nowMs = goneMs + 20 * M;
    cycle(T0 + nowMs);
    assert.equal(sent.at(-2), 'new WorkerStuck 1', 'it begins anew with a clean record');
  });

  it('is still repeated when it stays, and tells of others that join', () => {
    const { at, sent } = play();
    for (const startMs of [0, 2 * M, 4 * M]) {
      const finding = stuck(0, { openedAtMs: T0 + startMs });
      at(startMs, [finding]);
      at(startMs + 10 * S, [finding]);
      at(startMs + 60 * S, []);
    }
    const again = stuck(0, { openedAtMs: T0 + 6 * M });
    assert.equal(at(6 * M, [again]), 'none:told');
    assert.equal(at(10 * M, [again, stuck(1)]), 'none:waiting_for_group');
    assert.equal(at(11 * M, [again, stuck(1)]), 'grew');
    assert.equal(at(5 * H, [again, stuck(1)]), 'repeat');
    assert.equal(sent.filter((one) => one.startsWith('flapping')).length, 1);
  });

  it('in a group that stays open is told again, but not each time', () => {
    const { at, sent } = play(settingsWith({ group_interval: '0s' }));
    at(0, [stuck(0), stuck(1)]);
    at(10 * S, [stuck(0), stuck(1)]);
    for (let minute = 1; minute < 30; minute++) {
      const again = stuck(1, { openedAtMs: T0 + minute * M });
      at(minute * M, [stuck(0), again]);
      at(minute * M + 10 * S, [stuck(0), again]);
      at(minute * M + 30 * S, [stuck(0)]);
    }
    assert.deepEqual(sent, ['new WorkerStuck 2', 'grew WorkerStuck 2', 'grew WorkerStuck 2']);
  });
});

describe('limits', () => {
  it('let so many messages an hour through, critical ones first, and the rest later', () => {
    const { at, sent } = play(settingsWith({ max_per_hour: 2 }));
    const at5 = findingOf('WorkerStuck', 't', { subject: { stage: 'G5_00' } });
    const open = [slow, stuck(), at5];
    at(0, open);
    assert.equal(at(10 * S, open), 'new new none:over_limit');
    assert.equal(at(1 * H + 10 * S, open), 'none:told none:told new');
    assert.equal(sent.length, 3);
  });

  it('decide nothing more while too much is undelivered, and lose nothing', () => {
    const run = play(settingsWith({ max_per_hour: 10_000 }));
    run.isDelivering = false;
    const many = Array.from({ length: 300 }, (_, index) =>
      findingOf('WorkerStuck', `w-${index}`, { subject: { stage: `S${index}` } }),
    );
    run.at(0, many);
    run.at(10 * S, many);
    assert.equal(run.memory.outbox.length, 200);
    run.deliverAll();
    run.at(20 * S, many);
    assert.equal(run.sent.length, 300);
  });
});

describe('undelivered messages on the same trouble', () => {
  it('become one that says it all', () => {
    const run = play();
    run.isDelivering = false;
    run.at(0, [stuck(0)]);
    run.at(10 * S, [stuck(0)]);
    run.at(10 * M, [stuck(0), stuck(1)]);
    run.at(11 * M, [stuck(0), stuck(1)]);
    assert.deepEqual(
      run.memory.outbox.map(({ reason, findingCount, newIds, replaced }) => [
        reason,
        findingCount,
        newIds.length,
        replaced,
      ]),
      [['new', 2, 2, 1]],
    );
    run.at(12 * M, []);
    assert.deepEqual(
      run.memory.outbox.map(({ reason, ended, replaced }) => [reason, ended.length, replaced]),
      [['resolved', 2, 2]],
    );
  });
});
