import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createPartLog } from '../../../src/sources/rabbitmq/part-log.js';
import { SourceError } from '../../../src/sources/source-error.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { createSourceHarness } from '../../support/source-harness.js';

it('a part that breaks in another way at each read is ten lines a minute and one that counts, and each is counted', async () => {
  const clock = createFakeClock();
  const { context, fleet, logLines } = createSourceHarness(clock);
  context.apply({ kind: 'source-watched', source: 'rabbitmq', target: 'x' });
  const parts = createPartLog('rabbitmq', context);
  for (let read = 0; read < 500; read++) {
    parts.note('management_queues', new SourceError('protocol', `an unexpected shape: ${read} queues`));
    parts.note('progress_message', read % 2 ? undefined : new SourceError('protocol', 'too long'));
  }
  await clock.advance(60_000);
  const lines = logLines.map((line) => JSON.parse(line) as { part: string; more?: number; msg: string });
  const of = (part: string) => lines.filter((line) => line.part === part);
  assert.equal(of('management_queues').length, 11);
  assert.equal(of('management_queues').at(-1)?.more, 490);
  // Down and back: a kind each.
  assert.equal(of('progress_message').length, 22);
  assert.equal(fleet.sources.get('rabbitmq')?.failures.protocol, 750);
});
