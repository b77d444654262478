import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLabelWatch } from '../../src/app/label-watch.js';
import { createLogger } from '../../src/lib/logger.js';
import { containerFacts } from '../support/build-fleet.js';

it('a label that is not understood is said once, however many containers have it', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', write: (line) => void lines.push(line) });
  const watch = createLabelWatch(() => ['G3_02'], log);
  for (const name of ['a', 'b', 'a']) {
    const facts = containerFacts(name, { labels: { 'stagewatch.role': 'wroker' } });
    watch.note({ kind: 'container-inspected', atMs: 0, facts });
  }
  const told = lines.map((line) => JSON.parse(line) as { container: string; msg: string });
  assert.deepEqual(
    told.map(({ container }) => container),
    ['a'],
  );
  assert.match(told[0]?.msg ?? '', /^label stagewatch\.role=wroker is no role/);
});
