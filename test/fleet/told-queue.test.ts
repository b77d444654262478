import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueReading } from '../../src/fleet/queue-observations.js';
import { createProgressFleet, type ProgressFleet, T0 } from '../support/progress-fleet.js';

function read(fleet: ProgressFleet, atSeconds: number, names: readonly string[], leftOutCount = 0): void {
  const atMs = T0 + atSeconds * 1000;
  const queues = names.map((name): QueueReading => ({ name, status: 'present', ready: 0, consumers: 1 }));
  fleet.apply({
    kind: 'broker-read',
    atMs,
    vhost: '/',
    readings: [{ via: 'management', atMs, isComplete: true, queues }],
    ways: [],
    consumerTimeoutMs: 1_800_000,
    leftOutCount,
  });
}

function stagesOfQueues({ fleet }: ProgressFleet): Record<string, string | undefined> {
  return Object.fromEntries([...fleet.queues.values()].map(({ name, stage }) => [name, stage]));
}

const file = (stage: string, queue: unknown, document = 'A') => ({ stage, queue, document });

test('a queue is of the stage whose workers say so, also while they are idle', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'ocr-worker-1' });
  fleet.look(0, { 'ocr-worker-1': file('G3', 'g3') });
  read(fleet, 1, ['g3', 'other']);
  assert.deepEqual(stagesOfQueues(fleet), { g3: 'G3', other: undefined });
  fleet.look(2, { 'ocr-worker-1': undefined });
  read(fleet, 3, ['g3', 'other']);
  assert.deepEqual(stagesOfQueues(fleet), { g3: 'G3', other: undefined });
});

test('it stays of the stage while its workers are idle, where only their files tell of them', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { a: file('G3', 'g3') });
  read(fleet, 1, ['g3']);
  fleet.look(2, { a: undefined });
  read(fleet, 3, ['g3']);
  assert.deepEqual(stagesOfQueues(fleet), { g3: 'G3' });
});

test('what the configuration says of a stage or a queue stands', () => {
  const fleet = createProgressFleet();
  const stages = [{ id: 'G3', queue: 'own', order: 1 }];
  fleet.apply({ kind: 'stages-configured', stages });
  fleet.look(0, { a: file('G3', 'told'), b: file('G4', 'own') });
  read(fleet, 1, ['own', 'told']);
  assert.deepEqual(stagesOfQueues(fleet), { own: 'G3', told: undefined });
});

test('workers that disagree on the queue of a stage, or share one between stages, tell nothing', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { a: file('G3', 'one'), b: file('G3', 'two'), c: file('G4', 'both'), d: file('G5', 'both') });
  read(fleet, 1, ['one', 'two', 'both']);
  assert.deepEqual(stagesOfQueues(fleet), { one: undefined, two: undefined, both: undefined });
});

test('a queue of another shape than a name is not read, and makes no file unreadable', () => {
  const fleet = createProgressFleet();
  fleet.look(0, {
    a: file('G3', 5),
    b: file('G3', 'x\ny'),
    c: file('G3', 'q'.repeat(256)),
    d: file('G3', ''),
  });
  assert.equal(fleet.fleet.ignoredProgressFiles.size, 0);
  assert.deepEqual(
    [...fleet.fleet.workers.values()].flatMap(({ queue }) => queue ?? []),
    [],
  );
});

test('a queue that its workers told is missed when it is deleted, and forgotten an hour after they are gone', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { a: file('G3', 'g3') });
  read(fleet, 1, ['g3', 'other']);
  read(fleet, 6, []);
  assert.deepEqual(
    [...fleet.fleet.queues.values()].map(({ name, status }) => [name, status]),
    [['g3', 'missing']],
  );
  fleet.look(7, { a: undefined });
  read(fleet, 8, []);
  assert.equal(fleet.fleet.queues.size, 1);
  read(fleet, 3608, []);
  assert.equal(fleet.fleet.queues.size, 0);
});

test('a told queue that only fell out of a list cut at its bound is not missing', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { a: file('G3', 'g3') });
  read(fleet, 1, ['g3']);
  read(fleet, 6, ['aaa'], 1);
  assert.deepEqual(
    [...fleet.fleet.queues.values()].map(({ name }) => name),
    ['aaa'],
  );
});
