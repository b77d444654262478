import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createClassifier } from '../../../src/fleet/classify.js';
import { createFleetStore } from '../../../src/fleet/fleet-store.js';
import { NO_HISTORY } from '../../../src/views/history/fleet-history.js';
import { renderPagePicture } from '../../../src/views/live/page-picture.js';
import { containerFacts, NOW_MS } from '../../support/build-fleet.js';
import { NO_RECOVERY } from '../../support/no-recovery.js';
import { NO_DAEMON_FACTS } from '../../support/no-verdicts.js';
import { TEST_CLASSIFY } from '../../support/source-harness.js';

it('the picture of the page has at most 500 containers that are no part of the pipeline, and counts the rest', () => {
  const docker = { compose_project: null, others: 'show' } as const;
  const { apply, fleet } = createFleetStore(createClassifier({ ...TEST_CLASSIFY, docker }));
  const names = ['ocr-worker-1', ...Array.from({ length: 1200 }, (_, index) => `build-${index}`)];
  for (const name of names) {
    apply({ kind: 'container-inspected', atMs: NOW_MS, facts: containerFacts(name) });
  }
  const picture = renderPagePicture(
    {
      fleet,
      verdicts: () => NO_DAEMON_FACTS.verdicts,
      history: NO_HISTORY,
      recovery: NO_RECOVERY,
      silences: () => null,
      version: '0',
      journalAt: () => null,
      canAct: () => false,
      isExposed: () => false,
    },
    NOW_MS,
  );
  assert.equal(picture.othersLeftOut, 700);
  assert.equal(picture.containers.length, 501);
  assert.ok(JSON.stringify(picture.containers).length < 500 * 320);
});
