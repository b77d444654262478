import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClassifyConfig, createClassifier } from '../../src/fleet/classify.js';
import { identityOf } from '../../src/fleet/identity.js';
import type { Classification } from '../../src/fleet/model.js';

const stage = (id: string, ...workers: string[]): ClassifyConfig['stages'][number] => ({ id, workers });

const CONFIG: ClassifyConfig = {
  docker: { compose_project: null },
  orchestrators: ['orchestrator-*', 'conductor'],
  infrastructure: { RabbitMQ: ['*rabbitmq*'], GROBID: ['*grobid*'] },
  stages: [stage('G3_02', 'paddle-worker-*'), stage('G2_00', 'spine', 'grobid-client-*')],
};

const compose = (project: string, service: string, number = '1') => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': number,
});

const swarm = (service: string, task: string) => ({
  'com.docker.stack.namespace': 'pipe',
  'com.docker.swarm.service.name': `pipe_${service}`,
  'com.docker.swarm.task.name': `pipe_${service}.${task}`,
});

describe('a container', () => {
  const cases: readonly [string, string, Record<string, string>, Classification | undefined][] = [
    [
      'is a worker by the stage that names it',
      'paddle-worker-gpu1-0',
      {},
      { role: 'worker', stage: 'G3_02', gpu: '1', replica: '0' },
    ],
    [
      'is a worker by its compose service',
      'run-spine-3',
      compose('run', 'spine', '3'),
      { role: 'worker', stage: 'G2_00', replica: '3' },
    ],
    [
      'is a worker by its name, its kind being the stage',
      'ocr-worker-gpu12-3',
      {},
      { role: 'worker', stage: 'ocr-worker', isStageGuessed: true, gpu: '12', replica: '3' },
    ],
    [
      'is a worker by the word in its name',
      'table-worker-4',
      {},
      { role: 'worker', stage: 'table-worker', isStageGuessed: true, replica: '4' },
    ],
    [
      'takes GPU and replica from the service where compose adds to the name',
      'p-x-gpu2-1-1',
      compose('p', 'x-gpu2-1'),
      { role: 'worker', stage: 'x', isStageGuessed: true, gpu: '2', replica: '1' },
    ],
    ['is an orchestrator by its pattern', 'orchestrator-7', {}, { role: 'orchestrator', replica: '7' }],
    [
      'is infrastructure with its title',
      'p-rabbitmq-1',
      compose('p', 'rabbitmq'),
      { role: 'infrastructure', title: 'RabbitMQ', replica: '1' },
    ],
    [
      'is a worker rather than infrastructure where both match',
      'grobid-client-gpu0-0',
      {},
      { role: 'worker', stage: 'G2_00', gpu: '0', replica: '0' },
    ],
    ['is no part of the pipeline when nothing matches', 'hello', {}, undefined],
    ['is ignored by its label', 'paddle-worker-gpu1-0', { 'stagewatch.role': 'ignore' }, undefined],
    [
      'has its role, stage and GPU from its labels',
      'paddle-worker-gpu1-0',
      { 'stagewatch.role': 'worker', 'stagewatch.stage': 'G9', 'stagewatch.gpu': 'GPU-abc' },
      { role: 'worker', stage: 'G9', gpu: 'GPU-abc', replica: '0' },
    ],
    [
      'is a worker by a stage label alone',
      'hello',
      { 'stagewatch.stage': 'G9' },
      { role: 'worker', stage: 'G9' },
    ],
    [
      'is judged by its name when the role label makes no sense',
      'orchestrator-1',
      { 'stagewatch.role': 'boss' },
      { role: 'orchestrator', replica: '1' },
    ],
    [
      'is an orchestrator by the name that Compose would give it without its project',
      'shop-orchestrator-1',
      compose('shop', 'orchestrator'),
      { role: 'orchestrator', replica: '1' },
    ],
    [
      'is a worker of the stage by the name that Compose would give it without its project',
      'shop-paddle-worker-2',
      compose('shop', 'paddle-worker', '2'),
      { role: 'worker', stage: 'G3_02', replica: '2' },
    ],
    [
      'is an orchestrator by its slot in Swarm',
      'pipe_orchestrator.1.x7k2',
      swarm('orchestrator', '1.x7k2'),
      { role: 'orchestrator', replica: '1' },
    ],
    [
      'is a worker by its service in Swarm',
      'pipe_ocr-worker.3.x7k2',
      swarm('ocr-worker', '3.x7k2'),
      { role: 'worker', stage: 'ocr-worker', isStageGuessed: true, replica: '3' },
    ],
    [
      'is no part of the pipeline as a one-off, with the labels of its service as they are',
      'p-paddle-worker-run-1a2b3c',
      { ...compose('p', 'paddle-worker'), 'com.docker.compose.oneoff': 'True', 'stagewatch.role': 'worker' },
      undefined,
    ],
    [
      'is a replica of its service where it says that it is no one-off',
      'p-paddle-worker-1',
      { ...compose('p', 'paddle-worker'), 'com.docker.compose.oneoff': 'False' },
      { role: 'worker', stage: 'G3_02', replica: '1' },
    ],
    [
      'is infrastructure under its own name by label',
      'minio',
      { 'stagewatch.role': 'infrastructure' },
      { role: 'infrastructure', title: 'minio' },
    ],
  ];
  for (const [what, name, labels, expected] of cases) {
    it(what, () => assert.deepEqual(createClassifier(CONFIG)({ name, labels }), expected));
  }

  it('is shown as other where it fits nothing, unless others are hidden, ignored or of another project', () => {
    const classify = createClassifier({ ...CONFIG, docker: { compose_project: null, others: 'show' } });
    const oneOff = { ...compose('p', 'spine'), 'com.docker.compose.oneoff': 'True' };
    const barred = { role: 'other', isOtherByLabel: true };
    assert.deepEqual(classify({ name: 'hello', labels: {} }), { role: 'other' });
    assert.deepEqual(classify({ name: 'spine', labels: { 'stagewatch.role': 'other' } }), barred);
    assert.deepEqual(classify({ name: 'p-spine-run-1a2b', labels: oneOff }), barred);
    assert.equal(classify({ name: 'hello', labels: { 'stagewatch.role': 'ignore' } }), undefined);
    assert.equal(classify({ name: 'hello', labels: {} }, 'progress'), undefined);
    assert.equal(classify({ name: 'spine', labels: {} })?.role, 'worker');
    const ofRun = createClassifier({ ...CONFIG, docker: { compose_project: 'run', others: 'show' } });
    assert.equal(ofRun({ name: 'hello', labels: {} }), undefined);
    assert.deepEqual(ofRun({ name: 'run-web-1', labels: compose('run', 'web') }), { role: 'other' });
    const hiding = createClassifier({ ...CONFIG, docker: { compose_project: null, others: 'hide' } });
    assert.equal(hiding({ name: 'hello', labels: {} }), undefined);
    assert.equal(hiding({ name: 'spine', labels: { 'stagewatch.role': 'other' } }), undefined);
  });

  it('is what the broker says where neither label, configuration nor name does', () => {
    const discovered = { role: 'worker', stage: 'q.ocr', queues: ['q.ocr'] } as const;
    const queues = ['q.ocr'];
    const classify = createClassifier(CONFIG);
    const told = (name: string, labels = {}) => classify({ name, labels }, 'engine', discovered);
    const guessed = { role: 'worker', stage: 'q.ocr', isStageGuessed: true, queues } as const;
    assert.deepEqual(told('shop-ocr-1'), { ...guessed, isDiscovered: true, replica: '1' });
    assert.deepEqual(told('ocr-worker-1'), { ...guessed, replica: '1' });
    assert.deepEqual(told('spine'), { role: 'worker', stage: 'G2_00', queues });
    assert.equal(told('x', { 'stagewatch.stage': 'G9' })?.stage, 'G9');
    assert.equal(told('orchestrator-1')?.role, 'orchestrator');
    assert.equal(told('x', { 'stagewatch.role': 'infrastructure' })?.role, 'infrastructure');
    assert.equal(told('x', { 'stagewatch.role': 'other' }), undefined);
    const server = { role: 'infrastructure', title: 'Redis' } as const;
    assert.deepEqual(classify({ name: 'cache', labels: {} }, 'engine', server), {
      ...server,
      isDiscovered: true,
    });
  });

  it('is infrastructure as the backup, where nothing else says what it is', () => {
    const classify = createClassifier({ ...CONFIG, detection: { backup: ['*backup*'] } });
    assert.deepEqual(classify({ name: 'nightly-backup', labels: {} }), {
      role: 'infrastructure',
      title: 'Backup',
    });
    assert.equal(classify({ name: 'backup-worker', labels: {} })?.role, 'worker');
  });

  it('of another compose project is no part of the pipeline when one is chosen', () => {
    const classify = createClassifier({ ...CONFIG, docker: { compose_project: 'run' } });
    assert.equal(classify({ name: 'x', labels: compose('other', 'spine') }), undefined);
    assert.equal(classify({ name: 'spine', labels: {} }), undefined);
    assert.equal(classify({ name: 'x', labels: compose('run', 'spine') })?.stage, 'G2_00');
  });

  it('is known by its place in compose, else by its name', () => {
    assert.equal(identityOf({ name: 'p-spine-3', labels: compose('p', 'spine', '3') }), 'p/spine/3');
    assert.equal(identityOf({ name: 'spine', labels: {} }), 'spine');
    const oneOff = { ...compose('p', 'spine'), 'com.docker.compose.oneoff': 'True' };
    assert.equal(identityOf({ name: 'p-spine-run-abc', labels: oneOff }), 'p-spine-run-abc');
  });
});
