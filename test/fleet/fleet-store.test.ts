import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const COMPOSE = {
  'com.docker.compose.project': 'run',
  'com.docker.compose.service': 'ocr-worker',
  'com.docker.compose.container-number': '1',
};
const ocr = (id: string, more = {}) => containerFacts('run-ocr-worker-1', { id, labels: COMPOSE, ...more });

describe('the fleet', () => {
  it('shows the running one of two that bear an identity, and the counts of both', () => {
    const store = fleetOf(ocr('old', { restartCount: 2 }));
    const created = ocr('new', { name: 'old_run-ocr-worker-1', state: 'created', createdAtMs: NOW_MS });
    store.apply({ kind: 'container-inspected', atMs: NOW_MS, facts: created });
    assert.equal(store.fleet.containers.get('run/ocr-worker/1')?.id, 'old');
    store.apply({ kind: 'container-vanished', id: 'old' });
    store.apply({ kind: 'container-inspected', atMs: NOW_MS, facts: ocr('new', { restartCount: 1 }) });
    const shown = store.fleet.containers.get('run/ocr-worker/1');
    assert.equal(shown?.id, 'new');
    assert.equal(shown?.counters.restarts.policy, 3);
    assert.equal(store.fleet.containers.size, 1);
  });

  it('follows a rename', () => {
    const store = fleetOf(containerFacts('a-worker-gpu0-0', { id: 'x' }));
    store.apply({
      kind: 'container-inspected',
      atMs: NOW_MS,
      facts: containerFacts('b-worker-gpu0-0', { id: 'x' }),
    });
    assert.deepEqual([...store.fleet.containers.keys()], ['b-worker-gpu0-0']);
  });

  it('drops what a list lacks, but not what came after the list was asked for', () => {
    const store = fleetOf(containerFacts('a-worker-gpu0-0'), containerFacts('b-worker-gpu0-0'));
    const facts = containerFacts('c-worker-gpu0-0');
    store.apply({ kind: 'container-inspected', atMs: NOW_MS + 10, facts });
    const containers = [containerFacts('b-worker-gpu0-0')];
    store.apply({ kind: 'containers-listed', askedAtMs: NOW_MS + 5, atMs: NOW_MS + 20, containers });
    assert.deepEqual([...store.fleet.containers.keys()].toSorted(), ['b-worker-gpu0-0', 'c-worker-gpu0-0']);
  });

  it('judges every container anew under a new configuration', () => {
    const store = fleetOf(containerFacts('boss'), containerFacts('a-worker-gpu0-0'));
    assert.deepEqual([...store.fleet.ignored.values()], [{ id: 'id-of-boss', name: 'boss' }]);
    store.reclassify(createClassifier({ ...TEST_CLASSIFY, orchestrators: ['boss'] }));
    assert.equal(store.fleet.containers.get('boss')?.role, 'orchestrator');
    assert.equal(store.fleet.ignored.size, 0);
  });

  it('keeps a source up when only a part of a read failed, and counts it', () => {
    const { fleet, apply } = fleetOf();
    const failed = { kind: 'source-failed', source: 'docker', atMs: NOW_MS, problem: 'x' } as const;
    apply({ ...failed, reason: 'timeout', isPartial: true });
    assert.equal(fleet.sources.get('docker')?.isUp, true);
    apply({ ...failed, reason: 'timeout' });
    assert.equal(fleet.sources.get('docker')?.isUp, false);
    assert.equal(fleet.sources.get('docker')?.failures.timeout, 2);
    apply({ kind: 'source-read', source: 'docker', atMs: NOW_MS, durationMs: 1 });
    assert.equal(fleet.sources.get('docker')?.problem, undefined);
  });

  it('goes on counting the failures of a source that is watched again', () => {
    const { fleet, apply, forgetSource } = fleetOf();
    const failed = { kind: 'source-failed', source: 'rabbitmq', atMs: NOW_MS, problem: 'x' } as const;
    apply({ ...failed, reason: 'timeout' });
    forgetSource('rabbitmq');
    assert.equal(fleet.sources.has('rabbitmq'), false);
    forgetSource('rabbitmq');
    apply({ kind: 'source-watched', source: 'rabbitmq', target: 't' });
    assert.equal(fleet.sources.get('rabbitmq')?.failures.timeout, 1);
    assert.equal(fleet.sources.get('rabbitmq')?.isUp, undefined);
    apply({ ...failed, reason: 'timeout' });
    assert.equal(fleet.sources.get('rabbitmq')?.failures.timeout, 2);
  });
});
