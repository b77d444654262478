import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../../support/misbehaving-server.js';
import { watchBroker } from '../../support/rabbitmq-harness.js';
import { waitFor } from '../../support/wait-for.js';

const PAGE = `# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="other"} 1
`;

describe('a queue of a stage that neither plugin has', () => {
  it('stays missing although the management API is asked for queues only now and then', async (test) => {
    const server = await startServer(test, (request, response) => {
      if (request.url?.startsWith('/metrics')) response.end(PAGE);
      else response.end(request.url?.startsWith('/api/overview') ? '{}' : '[]');
    });
    const watched = watchBroker(test, {
      rabbitmq: { metrics_url: server.url, management_url: server.url },
      stageQueues: ['gone'],
    });
    const readCount = (): number => watched.observations.filter(({ kind }) => kind === 'source-read').length;
    for (let count = 1; count <= 3; count++) {
      await waitFor(`read ${count}`, () => readCount() >= count);
      assert.equal(watched.queue('gone')?.status, 'missing');
    }
  });
});
