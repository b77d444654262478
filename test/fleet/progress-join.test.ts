import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { createProgressFleet } from '../support/progress-fleet.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const ID = 'c2d3e4f5a6b7c8d9e0f1c2d3e4f5a6b7c8d9e0f1c2d3e4f5a6b7c8d9e0f1aaaa';
const compose = (service: string, number: string, project = 'run') => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': number,
});
const CONFIGURED = {
  ...TEST_CLASSIFY,
  stages: [{ id: 'G3_02', name: null, branch: null, workers: ['paddle-worker-*'] }],
};

test('a worker known from its file only is there, its stage from the file, else from its name', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { 'ocr-3': { stage: 'G3' }, 'spine-worker-gpu0-1': {}, 'orchestrator-1': {} });
  const { workers, orchestrators } = fleet.fleet;
  assert.equal(workers.get('ocr-3')?.stage, 'G3');
  assert.equal(workers.get('spine-worker-gpu0-1')?.stage, 'spine-worker');
  assert.equal(workers.get('spine-worker-gpu0-1')?.gpu, '0');
  assert.deepEqual([...orchestrators.keys()], ['orchestrator-1']);
});

test('configuration beats the file, the file beats a guess, a label beats all', () => {
  const fleet = createProgressFleet(CONFIGURED);
  fleet.container({ name: 'paddle-worker-gpu0-0', id: 'a1' });
  fleet.container({ name: 'spine-worker-gpu0-0', id: 'a2' });
  fleet.container({ name: 'table-worker-gpu0-0', id: 'a3', labels: { 'stagewatch.stage': 'LABEL' } });
  const file = { stage: 'FILE' };
  const names = ['paddle-worker-gpu0-0', 'spine-worker-gpu0-0', 'table-worker-gpu0-0', 'paddle-worker-9'];
  fleet.look(0, Object.fromEntries(names.map((name) => [name, file])));
  assert.deepEqual(
    names.map((name) => fleet.fleet.workers.get(name)?.stage),
    ['G3_02', 'FILE', 'LABEL', 'G3_02'],
  );
});

test('compose_project hides no worker that is known from its file', () => {
  const fleet = createProgressFleet({ ...CONFIGURED, docker: { compose_project: 'run' } });
  fleet.look(0, { 'paddle-worker-9': {} });
  assert.equal(fleet.fleet.workers.get('paddle-worker-9')?.stage, 'G3_02');
});

test('the stage a file told stays when the worker rests', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'spine-worker-gpu0-0' });
  fleet.look(0, { 'spine-worker-gpu0-0': { stage: 'G2' } });
  fleet.look(2, { 'spine-worker-gpu0-0': undefined });
  assert.deepEqual(fleet.fleet.workers.get('spine-worker-gpu0-0')?.stage, 'G2');
  assert.equal(fleet.fleet.workers.get('spine-worker-gpu0-0')?.job, undefined);
});

test('a file means its container by name, service-number or id prefix', () => {
  for (const name of ['run-paddle-worker-3', 'paddle-worker-3', ID.slice(0, 8), ID.slice(0, 12), ID]) {
    const fleet = createProgressFleet();
    fleet.look(0, { any: { name, done: 1 } });
    fleet.container({ name: 'run-paddle-worker-3', id: ID, labels: compose('paddle-worker', '3') });
    assert.deepEqual([...fleet.fleet.workers.keys()], ['run/paddle-worker/3'], name);
    const worker = fleet.fleet.workers.get('run/paddle-worker/3');
    assert.equal(worker?.container, 'run-paddle-worker-3');
    assert.equal(worker?.job?.done, 1, name);
  }
});

test('what fits two containers or too few digits means neither', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'a-worker-1', id: `${ID.slice(0, 62)}01`, labels: compose('worker', '1', 'a') });
  fleet.container({ name: 'b-worker-1', id: `${ID.slice(0, 62)}02`, labels: compose('worker', '1', 'b') });
  fleet.look(0, { x: { name: 'worker-1' }, y: { name: ID.slice(0, 12) }, z: { name: ID.slice(0, 7) } });
  const jobs = [...fleet.fleet.workers].map(([key, { job }]) => [key, job !== undefined]);
  assert.deepEqual(Object.fromEntries(jobs), {
    'a/worker/1': false,
    'b/worker/1': false,
    'worker-1': true,
    [ID.slice(0, 12)]: true,
    [ID.slice(0, 7)]: true,
  });
});

test('the join follows a container that comes, goes and is made again', () => {
  const fleet = createProgressFleet();
  const name = 'run-paddle-worker-3';
  const labels = { ...compose('paddle-worker', '3'), 'stagewatch.stage': 'G3' };
  fleet.look(0, { 'paddle-worker-3': { done: 1, document: 'A' } });
  assert.equal(fleet.fleet.workers.get('paddle-worker-3')?.identity, undefined);
  for (const id of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']) {
    fleet.container({ name, id, labels });
    assert.deepEqual([...fleet.fleet.workers.keys()], ['run/paddle-worker/3']);
    assert.equal(fleet.fleet.workers.get('run/paddle-worker/3')?.id, id);
    assert.equal(fleet.fleet.workers.get('run/paddle-worker/3')?.job?.done, 1);
    fleet.apply({ kind: 'container-vanished', id });
    assert.deepEqual([...fleet.fleet.workers.keys()], ['paddle-worker-3']);
  }
  fleet.look(2, { 'paddle-worker-3': undefined });
  const [end] = fleet.fleet.endedJobs.since(0);
  assert.equal(end?.entry.stage, 'G3', 'counted where the container served');
  assert.equal(fleet.fleet.workers.size, 0);
});

test('every worker and orchestrator has its entry without a file, infrastructure and the ignored have none', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'spine-worker-gpu0-0', id: '1' });
  fleet.container({ name: 'orchestrator-1', id: '2' });
  fleet.container({ name: 'rabbitmq', id: '3' });
  fleet.container({ name: 'odd-worker', id: '4', labels: { 'stagewatch.role': 'ignore' } });
  fleet.look(0, { rabbitmq: { role: 'worker' }, 'odd-worker': { done: 1 } });
  assert.deepEqual([...fleet.fleet.workers.keys()], ['spine-worker-gpu0-0']);
  assert.deepEqual([...fleet.fleet.orchestrators.keys()], ['orchestrator-1']);
  assert.equal(fleet.fleet.workers.get('spine-worker-gpu0-0')?.job, undefined);
});

test('an orchestrator tells its place in the DAG and counts as no job', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'orchestrator-1' });
  fleet.look(0);
  const file = {
    role: 'orchestrator',
    state: 'running',
    stage: 'G5_00',
    completed: ['G2_00'],
    document: 'A',
  };
  fleet.look(2, { 'orchestrator-1': file });
  const { job, ...orchestrator } = fleet.fleet.orchestrators.get('orchestrator-1') ?? {};
  assert.deepEqual(orchestrator, {
    role: 'orchestrator',
    container: 'orchestrator-1',
    identity: 'orchestrator-1',
    id: 'c2d3e4f5a6b7',
    state: 'running',
    stage: 'G5_00',
    completed: ['G2_00'],
    document: 'A',
  });
  fleet.look(4, { 'orchestrator-1': { ...file, completed: ['G2_00', 'G5_00'] } });
  assert.ok(
    (fleet.fleet.orchestrators.get('orchestrator-1')?.job?.lastProgressAtMs ?? 0) >
      (job?.lastProgressAtMs ?? 0),
  );
  fleet.look(6, { 'orchestrator-1': undefined });
  assert.equal(fleet.fleet.endedJobs.newest, 0);
});

test('of two files for one worker the newer counts', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'spine-worker-0' });
  fleet.look(0, { old: { name: 'spine-worker-0', document: 'OLD' } });
  fleet.look(2, { new: { name: 'spine-worker-0', document: 'NEW' } });
  assert.equal(fleet.fleet.workers.get('spine-worker-0')?.job?.document, 'NEW');
  assert.equal(fleet.fleet.endedJobs.newest, 0);
});

test('whoever has not changed stays the same object', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { 'a-worker': { done: 1 }, 'b-worker': { done: 1 } });
  const before = fleet.fleet.workers.get('a-worker');
  fleet.look(2, { 'b-worker': { done: 2 } });
  fleet.container({ name: 'c-worker' });
  assert.equal(fleet.fleet.workers.get('a-worker'), before);
});

test('new rules of who is who hold for known files', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { 'paddle-worker-9': {} });
  fleet.reclassify(createClassifier(CONFIGURED));
  assert.equal(fleet.fleet.workers.get('paddle-worker-9')?.stage, 'G3_02');
});

test('without a word of progress no counter claims that nothing was done', () => {
  const fleet = createProgressFleet();
  fleet.container({ name: 'spine-worker-gpu0-0' });
  assert.equal(fleet.fleet.workers.size, 1);
  assert.equal(fleet.fleet.stageWork.size, 0);
});

const swarm = (service: string, task: string) => ({
  'com.docker.swarm.service.name': service,
  'com.docker.swarm.task.name': `${service}.${task}`,
});

test('ended tasks of a slot in Swarm are its history, and a file of the slot belongs to the task that runs', () => {
  const fleet = createProgressFleet();
  const task = (id: string, more: object = {}): void =>
    fleet.container({
      id,
      name: `ml_infer-worker.2.${id}`,
      labels: swarm('ml_infer-worker', `2.${id}`),
      ...more,
    });
  task('old0', { state: 'exited', exitCode: 1, createdAtMs: 10 });
  task('x7k2', { createdAtMs: 20 });
  task('new0', { state: 'exited', exitCode: 1, createdAtMs: 30 });
  fleet.look(0, { 'ml_infer-worker.2': { document: 'A' } });
  assert.deepEqual([...fleet.fleet.workers.keys()], ['ml_infer-worker.2']);
  const worker = fleet.fleet.workers.get('ml_infer-worker.2');
  assert.equal(worker?.container, 'ml_infer-worker.2.x7k2');
  assert.equal(worker?.job?.document, 'A');
  fleet.look(2, { 'ml_infer-worker.2': undefined });
  fleet.look(4, { 'ml_infer-worker-2': { document: 'B' } });
  assert.deepEqual([...fleet.fleet.workers.keys()], ['ml_infer-worker.2']);
});

test('a one-off is no worker, and its file makes none', () => {
  const fleet = createProgressFleet();
  const name = 'p-paddle-worker-run-1a2b3c';
  const labels = { ...compose('paddle-worker', '1', 'p'), 'com.docker.compose.oneoff': 'True' };
  fleet.container({ name, labels });
  fleet.look(0, { [name]: { document: 'A' } });
  assert.equal(fleet.fleet.workers.size, 0);
  assert.equal(fleet.fleet.containers.size, 0);
});
