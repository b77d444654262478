import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNodePages } from '../../../src/sources/rabbitmq/node-pages.js';
import { parseDetailed } from '../../../src/sources/rabbitmq/parse-detailed.js';
import { startServer } from '../../support/misbehaving-server.js';
import { watchBroker } from '../../support/rabbitmq-harness.js';
import { waitFor } from '../../support/wait-for.js';

const BUILD = 'rabbitmq_build_info{rabbitmq_version="4.1.2"} 1';

function pageOf(queue: string, ready: number, node?: string): string {
  const identity = node === undefined ? '' : `rabbitmq_identity_info{rabbitmq_node="${node}"} 1\n`;
  return `${identity}${BUILD}
# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="${queue}"} ${ready}
# TYPE rabbitmq_detailed_queue_consumers gauge
rabbitmq_detailed_queue_consumers{vhost="/",queue="${queue}"} 0
`;
}

/** A stand of the pages, read every 5 seconds; by page: the queues, and whether nodes were seen to take turns. */
function readInTurn(pages: readonly string[], reads: number) {
  const nodes = createNodePages();
  return Array.from({ length: reads }, (_, index) => {
    const page = parseDetailed(pages[index % pages.length] ?? '', '/');
    const { queues, takingTurns } = nodes.take(page, index * 5000);
    return { names: [...queues.keys()].toSorted().join(' '), takingTurns };
  });
}

describe('metrics pages of several nodes in turn', () => {
  const named = [pageOf('g3', 500, 'a'), pageOf('g9', 7, 'b'), pageOf('other', 1, 'c')];
  const nameless = [pageOf('g3', 500), pageOf('g9', 7), pageOf('other', 1)];

  for (const [title, pages, who] of [
    ['that tell their names', named, ['a', 'b', 'c']],
    ['that do not tell who they are', nameless, []],
  ] as const) {
    it(`make one picture without a flip, and are known to take turns, of nodes ${title}`, () => {
      const reads = readInTurn(pages, 30);
      assert.deepEqual(new Set(reads.slice(2).map(({ names }) => names)), new Set(['g3 g9 other']));
      assert.deepEqual(reads.at(-1)?.takingTurns, who);
    });
  }

  it('are one picture of one node, and a queue that it no longer lists is gone at once', () => {
    const nodes = createNodePages();
    nodes.take(parseDetailed(pageOf('g3', 1, 'a'), '/'), 0);
    const { queues, takingTurns } = nodes.take(parseDetailed(pageOf('g9', 1, 'a'), '/'), 5000);
    assert.deepEqual([[...queues.keys()], takingTurns], [['g9'], undefined]);
  });

  it('are no turns where one node takes over from another for good, whose queues count for two minutes', () => {
    const nodes = createNodePages();
    nodes.take(parseDetailed(pageOf('g3', 1, 'a'), '/'), 0);
    const pages = Array.from({ length: 30 }, (_, index) =>
      nodes.take(parseDetailed(pageOf('g9', 1, 'b'), '/'), 5000 * (index + 1)),
    );
    assert.ok(pages.every(({ takingTurns }) => takingTurns === undefined));
    assert.deepEqual([...(pages.at(-1)?.queues.keys() ?? [])], ['g9']);
  });

  it('are added up in what channels did, of whichever node these are', () => {
    const counts = (node: string, value: number): string => `rabbitmq_identity_info{rabbitmq_node="${node}"} 1
rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="",queue="g3"} ${value}
`;
    const nodes = createNodePages();
    nodes.take(parseDetailed(`${BUILD}\n${pageOf('g3', 4, 'a')}${counts('a', 10)}`, '/'), 0);
    const { queues } = nodes.take(parseDetailed(`${BUILD}\n${counts('b', 7)}`, '/'), 5000);
    assert.deepEqual(queues.get('g3'), {
      figures: { ready: 4, consumers: 0, published: 17 },
      readAtMs: 0,
    });
  });

  it('are said to be so, with the remedy, and the stage keeps its queue', async (test) => {
    let asked = 0;
    const server = await startServer(test, (_request, response) => {
      response.end(nameless[asked++ % nameless.length]);
    });
    const watched = watchBroker(test, {
      rabbitmq: { metrics_url: server.url },
      stageQueues: ['g3'],
    });
    const problem = () => watched.fleet.broker?.ways[0]?.problem ?? '';
    await waitFor('the problem', () => problem() !== '');
    assert.match(problem(), /come from different nodes.*set rabbitmq.management_url/);
    assert.equal(watched.depth('g3'), 'present 500/-/0');
    assert.equal(watched.warnings().length, 1);
  });
});

/** Recorded from RabbitMQ 4.0.5, 3 s after queue g3_02 was deleted under its consumer and its publisher. */
const DELETED = `# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="idle"} 0
# TYPE rabbitmq_detailed_queue_messages_unacked gauge
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="idle"} 0
# TYPE rabbitmq_detailed_queue_consumers gauge
rabbitmq_detailed_queue_consumers{vhost="/",queue="g3_02"} 1
rabbitmq_detailed_queue_consumers{vhost="/",queue="idle"} 0
# TYPE rabbitmq_detailed_channel_messages_acked_total counter
rabbitmq_detailed_channel_messages_acked_total{channel="<0.759.0>",vhost="/",queue="g3_02"} 2
# TYPE rabbitmq_detailed_queue_messages_published_total counter
rabbitmq_detailed_queue_messages_published_total{channel="<0.746.0>",queue_vhost="/",queue="g3_02",exchange_vhost="/",exchange=""} 5
# TYPE rabbitmq_detailed_queue_messages_acked_total counter
rabbitmq_detailed_queue_messages_acked_total{vhost="/",queue="g3_02"} 2
# TYPE rabbitmq_detailed_queue_exchange_messages_published_total counter
rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="",queue="g3_02"} 5
# TYPE rabbitmq_build_info untyped
rabbitmq_build_info{rabbitmq_version="4.0.5",prometheus_plugin_version="4.0.5",prometheus_client_version="4.11.0",erlang_version="27.3.4.1"} 1
# TYPE rabbitmq_identity_info untyped
rabbitmq_identity_info{rabbitmq_node="trixie@localhost",rabbitmq_cluster="trixie@vm",rabbitmq_cluster_permanent_id="rabbitmq-cluster-id-4k9oTXS_tK6negh0AE7T2A"} 1
`;

describe('a deleted queue whose counters RabbitMQ 4 goes on to show', () => {
  it('is missing', async (test) => {
    const server = await startServer(test, (_request, response) => {
      response.end(DELETED);
    });
    const watched = watchBroker(test, {
      rabbitmq: { metrics_url: server.url },
      stageQueues: ['g3_02'],
    });
    await waitFor('a reading', () => watched.queue('idle') !== undefined);
    assert.equal(watched.queue('g3_02')?.status, 'missing');
  });
});
