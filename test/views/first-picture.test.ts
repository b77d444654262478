import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adviceOnRoles, describeFirstPicture } from '../../src/views/first-picture.js';
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
      ignored: 'other-0, other-1, other-2, other-3, other-4, other-5, other-6, other-7 and 2 more',
    });
    assert.equal(adviceOnRoles(picture), undefined);
  });

  it('gives advice when nothing is a worker', () => {
    const { fleet } = fleetOf(containerFacts('celery-1'));
    assert.match(
      adviceOnRoles(describeFirstPicture(fleet)) ?? '',
      /ignored: celery-1\); label workers stagewatch\.role=worker/,
    );
  });
});
