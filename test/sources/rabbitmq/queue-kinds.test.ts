import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { createEvaluation } from '../../../src/detectors/evaluation.js';
import { skipWithout } from '../../support/machine.js';
import { connectClient, watchBroker } from '../../support/rabbitmq-harness.js';
import { type RealRabbitmq, startRabbitmq } from '../../support/real-rabbitmq.js';
import { waitFor } from '../../support/wait-for.js';

const WORK = 'g3_02';
const DEAD = 'lost-jobs';

/** What frameworks declare without a consumer. */
const BY_DESIGN: readonly (readonly [name: string, kind: string, options: object])[] = [
  ['jobs.dlq', 'dead_letter', {}],
  ['default.XQ', 'dead_letter', { arguments: { 'x-message-ttl': 604_800_000 } }],
  ['celery_delayed_7', 'delay', delayed({ 'x-queue-type': 'quorum' })],
  ['nsb.delay-level-10', 'delay', delayed({})],
  ['waits-in-line', 'delay', delayed({})],
  ['celeryev.0f0f0f0f', 'event', { durable: false, arguments: { 'x-expires': 3_600_000 } }],
  ['events', 'stream', { arguments: { 'x-queue-type': 'stream' } }],
  ['unused', 'temporary', { arguments: { 'x-expires': 3_600_000 } }],
];

function delayed(more: object): object {
  return { arguments: { ...more, 'x-message-ttl': 600_000, 'x-dead-letter-exchange': 'amq.topic' } };
}

describe('queues without a consumer by design, on a real broker', { skip: skipWithout('rabbitmq') }, () => {
  let broker: RealRabbitmq;

  before(async () => {
    broker = await startRabbitmq();
  });
  after(() => broker?.dispose());

  async function declareAll(test: TestContext) {
    const { channel } = await connectClient(test, broker.amqpUrl);
    for (const [name, , options] of BY_DESIGN) {
      await channel.assertQueue(name, options);
      channel.sendToQueue(name, Buffer.from('{}'));
    }
    // Without a hint in its name: the policy and the binding tell.
    await channel.assertExchange('gave-up', 'direct');
    await channel.assertQueue(DEAD);
    await channel.bindQueue(DEAD, 'gave-up', WORK);
    const definition = { 'dead-letter-exchange': 'gave-up' };
    await broker.manage('PUT', '/policies/%2F/losses', {
      pattern: `^${WORK}$`,
      definition,
      'apply-to': 'queues',
    });
    await channel.assertQueue(WORK);
    return channel;
  }

  it('have the kind that they were declared for, and only the stage’s own is found without a consumer', async (test) => {
    const channel = await declareAll(test);
    const { amqpUrl, metricsUrl, managementUrl } = broker;
    const urls = { amqp_url: amqpUrl, metrics_url: metricsUrl, management_url: managementUrl };
    const watched = watchBroker(test, { rabbitmq: urls, stageQueues: [WORK] });
    const alone = watchBroker(test, { rabbitmq: { metrics_url: metricsUrl }, stageQueues: [WORK] });
    const detection = { no_consumers_after: '10s', dead_letters_min: 1 };
    const judges = [watched, alone].map(({ fleet }) =>
      createEvaluation({ fleet, settings: configSchema.parse({ detection }) }),
    );
    const open = (which: number): readonly string[] => {
      judges[which]?.evaluate(Date.now());
      const findings = [...(judges[which]?.verdicts.findings.values() ?? [])];
      return findings.map(({ kind, severity, subject }) => `${severity} ${kind} ${subject.queue}`);
    };

    await waitFor('the declarations', () => watched.queue(DEAD)?.kind === 'dead_letter');
    for (const [name, kind] of BY_DESIGN) assert.equal(watched.queue(name)?.kind, kind, name);
    assert.deepEqual(watched.queue(DEAD)?.deadLettersFrom, [WORK]);
    assert.equal(watched.queue(WORK)?.kind, 'work');

    open(0);
    channel.sendToQueue(WORK, Buffer.from('{}'));
    const message = await waitFor('a job', () => channel.get(WORK));
    channel.nack(message, false, false);
    await waitFor('a dead letter', () => open(0).includes(`warning DeadLettersGrowing ${DEAD}`));
    const found = [...(judges[0]?.verdicts.findings.values() ?? [])];
    assert.match(found[0]?.summary ?? '', /^1 dead letter in the last hour from g3_02 \(S1\)$/);

    channel.sendToQueue(WORK, Buffer.from('{}'));
    const expected = `critical QueueNoConsumers ${WORK}`;
    await waitFor('the stage’s queue to be found', () => {
      open(1);
      return open(0).includes(expected) && open(1).includes(expected);
    });
    for (const which of [0, 1]) {
      assert.deepEqual(
        open(which).filter((text) => text.startsWith('critical')),
        [expected],
      );
    }
    assert.deepEqual([watched.queue(DEAD)?.ready?.value, watched.queue('jobs.dlq')?.ready?.value], [1, 1]);
  });
});
