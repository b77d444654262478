import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChannelHealth, judgeChannels } from '../../src/alerting/channel-health.js';
import type { DeliveryResult, OutgoingMessage } from '../../src/alerting/delivery.js';
import { createLane, type LaneEntry, type Settled } from '../../src/alerting/lane.js';
import { createLogger } from '../../src/lib/logger.js';
import { createFakeClock } from '../support/fake-clock.js';

const SENT: DeliveryResult = { kind: 'sent', refused: [], later: [] };
const DOWN: DeliveryResult = { kind: 'transient', problem: 'connect ECONNREFUSED' };
const words = { label: 'info', subject: 's', title: 't', sender: 'stagewatch' };
const view = { tone: 'info', ...words, lead: [], sections: [], links: [] } as const;

function setUp(
  answer: (message: OutgoingMessage, attempt: number) => DeliveryResult | Promise<DeliveryResult>,
) {
  const clock = createFakeClock();
  const health = createChannelHealth('email', clock);
  const settled: Settled[] = [];
  const attempts: { id: string; to: readonly string[]; atMs: number }[] = [];
  const startMs = clock.nowMs();
  const lane = createLane({
    channel: () => ({
      deliver: async (message) => {
        attempts.push({ id: message.id, to: message.to, atMs: clock.nowMs() - startMs });
        return answer(message, attempts.length);
      },
    }),
    health,
    clock,
    log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
    random: () => 1,
    giveUpAfterMs: () => 3_600_000,
    onSettled: (one) => settled.push(one),
  });
  const entry = (id: string): LaneEntry => {
    const createdAtMs = clock.nowMs();
    const message = { id, threadId: id, to: ['a@x.y', 'b@x.y'], view, createdAtMs };
    return { id, createdAtMs, prepare: () => Promise.resolve(message) };
  };
  return { clock, health, settled, attempts, lane, entry };
}

describe('messages of a channel', () => {
  it('go one at a time, in their order', async () => {
    const release: (() => void)[] = [];
    const { clock, lane, attempts, settled, entry } = setUp(
      () => new Promise((resolve) => release.push(() => resolve(SENT))),
    );
    lane.sync([entry('one'), entry('two')]);
    await clock.advance(0);
    assert.deepEqual(
      attempts.map(({ id }) => id),
      ['one'],
    );
    assert.ok(lane.isUnderWay('one'));
    release[0]?.();
    await clock.advance(0);
    assert.deepEqual(
      attempts.map(({ id }) => id),
      ['one', 'two'],
    );
    release[1]?.();
    await clock.advance(0);
    assert.deepEqual(
      settled.map(({ id, result }) => `${id} ${result}`),
      ['one sent', 'two sent'],
    );
  });

  it('are tried again with growing waits, and all at once when one got through', async () => {
    let isUp = false;
    const { clock, lane, attempts, entry, health } = setUp(() => (isUp ? SENT : DOWN));
    lane.sync([entry('one'), entry('two')]);
    await clock.advance(0);
    await clock.advance(80_000);
    assert.deepEqual(
      attempts.filter(({ id }) => id === 'one').map(({ atMs }) => atMs / 1000),
      [0, 5, 15, 35, 75],
    );
    assert.equal(health.counts.failed, 10);
    isUp = true;
    await clock.advance(75_000);
    assert.deepEqual(
      attempts.slice(10).map(({ id, atMs }) => [id, atMs]),
      [
        ['one', 155_000],
        ['two', 155_000],
      ],
    );
    assert.equal(health.failure, undefined);
  });

  it('that one server defers hold up no others', async () => {
    const { clock, lane, settled, entry } = setUp(({ id }) => (id === 'one' ? DOWN : SENT));
    lane.sync([entry('one'), entry('two'), entry('three')]);
    await clock.advance(0);
    assert.deepEqual(
      settled.map(({ id }) => id),
      ['two', 'three'],
    );
  });

  it('are given up at once when they were refused for good, and after their time when not', async () => {
    const { clock, lane, settled, entry, attempts } = setUp(({ id }) =>
      id === 'one' ? { kind: 'rejected', problem: '550' } : DOWN,
    );
    lane.sync([entry('one'), entry('two')]);
    await clock.advance(0);
    assert.deepEqual(settled, [{ id: 'one', result: 'failed', attempts: 1, problem: '550' }]);
    await clock.advance(2 * 3_600_000);
    assert.equal(settled[1]?.result, 'failed');
    const last = attempts.at(-1);
    await clock.advance(3_600_000);
    assert.equal(attempts.at(-1), last, 'nothing is tried any more');
  });

  it('wait long where the channel is blocked, and not a moment when somebody has changed it', async () => {
    let isBlocked = true;
    const { clock, lane, attempts, settled, entry } = setUp(() =>
      isBlocked ? { kind: 'blocked', problem: '535 wrong password' } : SENT,
    );
    lane.sync([entry('one')]);
    await clock.advance(0);
    await clock.advance(299_000);
    assert.equal(attempts.length, 1);
    await clock.advance(2000);
    assert.equal(attempts.length, 2);
    isBlocked = false;
    lane.hurry();
    await clock.advance(0);
    assert.equal(settled.length, 1);
  });

  it('come again when the receiver has said so', async () => {
    const { clock, lane, attempts, entry } = setUp((_, attempt) =>
      attempt === 1 ? { kind: 'transient', problem: '429', retryAfterMs: 60_000 } : SENT,
    );
    lane.sync([entry('one')]);
    await clock.advance(0);
    await clock.advance(59_000);
    assert.equal(attempts.length, 1);
    await clock.advance(1000);
    assert.equal(attempts.length, 2);
  });

  it('go again to those only who have them not', async () => {
    const { clock, lane, attempts, settled, entry, health } = setUp((_, attempt) =>
      attempt === 1
        ? { kind: 'sent', refused: [], later: [{ to: 'b@x.y', problem: '451 greylisted' }] }
        : SENT,
    );
    lane.sync([entry('one')]);
    await clock.advance(0);
    assert.ok(lane.isUnderWay('one'), 'no newer message may take its place');
    assert.match(health.failure?.problem ?? '', /^b@x\.y: 451/);
    await clock.advance(5000);
    assert.deepEqual(
      attempts.map(({ to }) => to),
      [['a@x.y', 'b@x.y'], ['b@x.y']],
    );
    assert.equal(settled.length, 1);
    assert.equal(health.failure, undefined);
  });

  it('that cannot be made are given up, and the others go on', async () => {
    const { clock, lane, settled, entry } = setUp(() => SENT);
    lane.sync([
      { ...entry('one'), prepare: () => Promise.reject(new Error('a fault of ours')) },
      entry('two'),
    ]);
    await clock.advance(0);
    assert.deepEqual(
      settled.map(({ id, result }) => `${id} ${result}`),
      ['one failed', 'two sent'],
    );
  });

  it('that are under way when the daemon stops have a moment to arrive', async () => {
    let isAborted = false;
    const clock = createFakeClock();
    const lane = createLane({
      channel: () => ({
        deliver: (_message, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              isAborted = true;
              resolve(DOWN);
            });
          }),
      }),
      health: createChannelHealth('email', clock),
      clock,
      log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      giveUpAfterMs: () => 1000,
      onSettled: () => assert.fail('it stays to be sent after the next start'),
    });
    const message = { id: 'one', threadId: 'one', to: [], view, createdAtMs: clock.nowMs() };
    lane.sync([{ id: 'one', createdAtMs: clock.nowMs(), prepare: () => Promise.resolve(message) }]);
    await clock.advance(0);
    let isStopped = false;
    const stopping = lane.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1999);
    assert.deepEqual([isAborted, isStopped], [false, false]);
    await clock.advance(1);
    await stopping;
    assert.ok(isAborted);
  });
});

describe('a channel that does not deliver', () => {
  it('is a finding after a minute, until something was delivered whole', async () => {
    const clock = createFakeClock();
    const health = createChannelHealth('email', clock);
    const judge = () => judgeChannels(new Map([['email', health]]), clock.nowMs()).found;
    assert.deepEqual(judge(), []);
    health.failed('connect ECONNREFUSED');
    await clock.advance(59_999);
    assert.deepEqual(judge(), []);
    await clock.advance(1);
    health.failed('connect ECONNREFUSED 127.0.0.1:25');
    const [finding] = judge();
    assert.equal(finding?.summary, 'email has delivered nothing whole for 1m00s');
    assert.deepEqual(finding?.subject, { channel: 'email' });
    assert.deepEqual(finding?.evidence, [
      'the last attempt: connect ECONNREFUSED 127.0.0.1:25',
      '2 attempts in a row failed',
    ]);
    health.sentToSome('b@x.y: 550 no such user');
    assert.equal(judge().length, 1);
    health.sent();
    assert.deepEqual(judge(), []);
  });
});
