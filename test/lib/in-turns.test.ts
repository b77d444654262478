import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOnce, inTurns, type SlicedWork } from '../../src/lib/in-turns.js';
import { parseDetailed, parseDetailedInTurns } from '../../src/sources/rabbitmq/parse-detailed.js';
import { parseQueues, parseQueuesInTurns } from '../../src/sources/rabbitmq/parse-management.js';

function* counting(): SlicedWork<number> {
  for (let step = 0; step < 3; step++) yield;
  return 3;
}

/** What comes of it, and how many other turns there were meanwhile. */
async function withTurns<T>(work: Promise<T>): Promise<readonly [T, number]> {
  let turns = 0;
  const count = (): void => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const result = await work;
  clearImmediate(timer);
  return [result, turns];
}

describe('long work in turns', () => {
  it('comes to the same as at once, and lets others in at each slice', async () => {
    assert.equal(atOnce(counting()), 3);
    const [result, turns] = await withTurns(inTurns(counting()));
    assert.equal(result, 3);
    assert.ok(turns >= 2, `${turns} turns`);
  });

  it('is how a broker’s large answers are parsed', async () => {
    const names = Array.from({ length: 50_000 }, (_, queue) => `jobs.${queue}`);
    const list = JSON.stringify(names.map((name) => ({ name, messages_ready: 1 })));
    const [managed, turns] = await withTurns(parseQueuesInTurns(list));
    assert.deepEqual(managed, parseQueues(list));
    assert.ok(turns >= 20, `${turns} turns`);
    const page = `# TYPE rabbitmq_detailed_queue_messages_ready gauge\n${names
      .map((name) => `rabbitmq_detailed_queue_messages_ready{vhost="/",queue="${name}"} 1\n`)
      .join('')}`;
    const [detailed, pageTurns] = await withTurns(parseDetailedInTurns(page, '/'));
    assert.deepEqual(detailed, parseDetailed(page, '/'));
    assert.ok(pageTurns >= 2, `${pageTurns} turns`);
  });

  it('fails as it would at once', async () => {
    await assert.rejects(parseQueuesInTurns('{'), /is not JSON/);
    await assert.rejects(parseDetailedInTurns('<html>', '/'), /not a RabbitMQ metrics page/);
  });
});
