import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { adviceOnPatterns, adviceOnRoles, describeFirstPicture } from '../../src/views/first-picture.js';
import { containerFacts, fleetOf } from '../support/build-fleet.js';

describe('the first full picture', () => {
  it('names stages, infrastructure and who is ignored, and counts the rest', () => {
    const others = Array.from({ length: 10 }, (_, index) => containerFacts(`other-${index}`));
    const workers = ['spine', 'paddle'].map((kind) => containerFacts(`${kind}-worker-gpu0-0`));
    const { fleet } = fleetOf(
      ...workers,
      containerFacts('orchestrator-1'),
      containerFacts('my-rabbitmq'),
      ...others,
    );
    const picture = describeFirstPicture(fleet);
    assert.deepEqual(picture, {
      workers: 2,
      stages: 'paddle-worker, spine-worker',
      orchestrators: 1,
      infrastructure: 'RabbitMQ',
      others: '',
      ignored: 'other-0, other-1, other-2, other-3, other-4, other-5, other-6, other-7 and 2 more',
    });
    assert.equal(adviceOnRoles(picture), undefined);
  });

  it('names the stages whose workers are nowhere, where the engine is asked', () => {
    const stages = [
      { id: 'G3', workers: 'paddle-*' },
      { id: 'G4', workers: ['formla-*', 'form-*'] },
      { id: 'G5' },
    ];
    const advice = (docker: object) => {
      const config = configSchema.parse({ stages, docker });
      const store = createFleetStore(createClassifier(config));
      store.apply({ kind: 'container-inspected', atMs: 0, facts: containerFacts('paddle-worker-gpu0-0') });
      return adviceOnPatterns(config, store.fleet);
    };
    assert.deepEqual(advice({}), ['no container serves stage G4: none is called formla-* or form-*']);
    assert.deepEqual(advice({ enabled: false }), []);
  });

  it('gives advice when nothing is a worker', () => {
    const { fleet } = fleetOf(containerFacts('celery-1'));
    assert.match(
      adviceOnRoles(describeFirstPicture(fleet)) ?? '',
      /\(celery-1\); label workers stagewatch\.role=worker/,
    );
  });
});
