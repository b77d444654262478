import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  parseAlarms,
  parseAmqpPorts,
  parseQueues,
  parseVersion,
} from '../../../src/sources/rabbitmq/parse-management.js';

const FIXTURES = new URL('../../../../test/fixtures/rabbitmq/', import.meta.url);
const recorded = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8');

describe('parseQueues', () => {
  it('reads what RabbitMQ 3.10 answered', () => {
    const { queues, brokenCount } = parseQueues(recorded('management-queues-3.10.json'));
    assert.equal(brokenCount, 0);
    assert.deepEqual(queues[0], {
      name: 'c1',
      status: 'present',
      type: 'classic',
      ready: 5,
      unacked: 3,
      consumers: 1,
      published: 10,
      acked: 2,
      redelivered: 0,
      traits: {},
    });
    assert.deepEqual(
      queues.map(({ name, type }) => `${name} ${type}`),
      ['c1 classic', 'excl classic', 'q1 quorum', 's1 stream', 'we"ird\\q2 classic'],
    );
  });

  it('takes the smaller consumer timeout of argument and policy', () => {
    const { queues } = parseQueues(
      JSON.stringify([
        {
          name: 'a',
          arguments: { 'x-consumer-timeout': 5000 },
          effective_policy_definition: { 'consumer-timeout': 4000 },
        },
        { name: 'b', arguments: [], effective_policy_definition: null },
        { name: 'c', arguments: { 'x-consumer-timeout': 'long' } },
      ]),
    );
    assert.deepEqual(
      queues.map(({ consumerTimeoutMs }) => consumerTimeoutMs),
      [4000, undefined, undefined],
    );
  });

  it('reads how messages are delivered, and how often they may be', () => {
    const { queues } = parseQueues(
      JSON.stringify([
        {
          name: 'a',
          message_stats: { deliver: 5, deliver_no_ack: 2 },
          arguments: { 'x-delivery-limit': 5 },
          effective_policy_definition: { 'delivery-limit': 3 },
        },
        { name: 'b', arguments: { 'x-delivery-limit': -1 } },
        { name: 'c', message_stats: {} },
      ]),
    );
    assert.deepEqual(
      queues.map((queue) => [queue.deliveredForAck, queue.deliveredAcked, queue.deliveryLimit]),
      [
        [5, 2, 3],
        [undefined, undefined, -1],
        [undefined, undefined, undefined],
      ],
    );
  });

  it('reads how a queue was declared, by argument and policy together', () => {
    const { queues } = parseQueues(
      JSON.stringify([
        {
          name: 'a',
          exclusive: false,
          auto_delete: true,
          arguments: { 'x-dead-letter-exchange': '', 'x-message-ttl': 9000, 'x-expires': 60_000 },
          effective_policy_definition: {
            'dead-letter-exchange': 'other',
            'dead-letter-routing-key': 'a.dlq',
            'message-ttl': 5000,
          },
        },
        { name: 'b', arguments: { 'x-dead-letter-exchange': 7, 'x-message-ttl': 'long' } },
      ]),
    );
    assert.deepEqual(
      queues.map(({ traits }) => traits),
      [
        {
          isExclusive: false,
          isAutoDelete: true,
          messageTtlMs: 5000,
          expiresMs: 60_000,
          deadLetterExchange: '',
          deadLetterRoutingKey: 'a.dlq',
        },
        {},
      ],
    );
  });

  it('leaves out a broken entry and takes unknown or absent facts as unknown', () => {
    const { queues, brokenCount } = parseQueues(
      JSON.stringify([
        { type: 'classic' },
        7,
        null,
        { name: 'q', type: 'new', messages_ready: -1, consumers: 'x' },
      ]),
    );
    assert.equal(brokenCount, 3);
    assert.deepEqual(queues, [{ name: 'q', status: 'present', traits: {} }]);
  });

  it('refuses what is no list of queues', () => {
    for (const text of ['<html>', '{"error":"x"}', '"q"', '']) {
      assert.throws(() => parseQueues(text), /not a list|is not JSON; check that rabbitmq.management_url/);
    }
  });
});

describe('parseAlarms', () => {
  it('reads what RabbitMQ 3.10 answered', () => {
    assert.deepEqual(parseAlarms(recorded('management-nodes-3.10.json')), { memory: false, disk: false });
  });

  it('has an alarm on that is on at one node of a cluster', () => {
    const nodes = [
      { mem_alarm: false, disk_free_alarm: false },
      { mem_alarm: false, disk_free_alarm: true },
    ];
    assert.deepEqual(parseAlarms(JSON.stringify(nodes)), { memory: false, disk: true });
  });

  it('knows nothing while a node that has just started tells nothing', () => {
    assert.equal(parseAlarms('[[]]'), undefined);
    assert.equal(parseAlarms('[{}]'), undefined);
  });
});

describe('parseAmqpPorts', () => {
  const listeners = [
    { node: 'a@x', protocol: 'amqp', ip_address: '::', port: 5673 },
    { node: 'b@x', protocol: 'amqp', ip_address: '::', port: 5673 },
    { node: 'a@x', protocol: 'amqp/ssl', ip_address: '::', port: 5674 },
    { node: 'a@x', protocol: 'clustering', ip_address: '::', port: 25_672 },
    { node: 'a@x', protocol: 'http', ip_address: '::', port: 15_672 },
  ];

  it('reads those of AMQP, each once', () => {
    assert.deepEqual(parseAmqpPorts(JSON.stringify({ listeners })), [5673, 5674]);
  });

  it('knows none where a user may not see them, or their shape is another', () => {
    for (const answer of ['{}', '[]', '{"listeners":{}}', '{"listeners":[{"port":"x"}]}']) {
      assert.equal(parseAmqpPorts(answer), undefined);
    }
  });
});

describe('parseVersion', () => {
  it('reads it, or nothing', () => {
    assert.equal(parseVersion(recorded('management-overview-3.10.json')), '3.10.8');
    assert.equal(parseVersion('[]'), undefined);
  });
});
