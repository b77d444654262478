import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { AmqpConnection, ConsumeMessage } from '../../../src/sources/rabbitmq/amqp-connection.js';
import { consumeProgress } from '../../../src/sources/rabbitmq/progress-consumer.js';
import { createFakeClock } from '../../support/fake-clock.js';

const message = (text: string) => ({ content: Buffer.from(text) }) as ConsumeMessage;

async function consuming(onMessage: (text: string) => void = () => undefined) {
  const nowMs = { extra: 0 };
  const clock = createFakeClock();
  const acknowledged: string[] = [];
  let prefetch = 0;
  let deliver: (message: ConsumeMessage | null) => void = () => undefined;
  let ended = 0;
  const done = () => Promise.resolve();
  const channel = Object.assign(new EventEmitter(), {
    checkExchange: done,
    assertQueue: done,
    bindQueue: done,
    prefetch(count: number) {
      prefetch = count;
      return done();
    },
    consume(_queue: string, take: typeof deliver) {
      deliver = take;
      return done();
    },
    ack({ content }: ConsumeMessage, isAllUpTo: boolean) {
      assert.ok(isAllUpTo);
      acknowledged.push(content.toString());
    },
  });
  await consumeProgress({ openChannel: () => Promise.resolve(channel) } as unknown as AmqpConnection, {
    exchange: 'progress',
    queue: 'q',
    onMessage,
    onOversized: () => undefined,
    clock: { ...clock, monotonicMs: () => clock.monotonicMs() + nowMs.extra },
    onEnd: () => void ended++,
  });
  return { clock, nowMs, channel, acknowledged, prefetch: () => prefetch, deliver, ended: () => ended };
}

describe('progress messages', () => {
  it('are acknowledged together, after a pause as long as they took', async () => {
    const took = { extra: 0 };
    const intake = await consuming(() => {
      took.extra += 5;
      intake.nowMs.extra = took.extra;
    });
    assert.ok(intake.prefetch() > 0 && intake.prefetch() <= 100, 'the broker sends no more at once');
    for (let one = 0; one < 10; one++) intake.deliver(message(`m${one}`));
    await intake.clock.advance(49);
    assert.deepEqual(intake.acknowledged, []);
    await intake.clock.advance(1);
    assert.deepEqual(intake.acknowledged, ['m9']);
    intake.deliver(message('m10'));
    await intake.clock.advance(5);
    assert.deepEqual(intake.acknowledged, ['m9', 'm10']);
  });

  it('of a channel that has closed meanwhile are not, and its end is told', async () => {
    const { clock, channel, acknowledged, deliver, ended } = await consuming();
    deliver(message('m'));
    channel.emit('close');
    await clock.advance(1000);
    assert.deepEqual(acknowledged, []);
    assert.equal(ended(), 1);
  });
});
