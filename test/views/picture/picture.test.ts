import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetJson, QueueJson, StageJson } from '../../../src/views/picture/api-shapes.js';
import { brokerWords } from '../../../src/views/picture/broker-view.js';
import { describePicture } from '../../../src/views/picture/picture.js';
import { simulateFleetJson } from '../../support/simulated-fleet.js';

const AT = '2026-01-01T04:12:00.000Z';
const NOW = Date.parse(AT);

const show = (fleet: FleetJson) => describePicture({ fleet: { at: AT, ...fleet }, nowMs: NOW });

function stage(id: string, fields: Partial<StageJson> = {}): StageJson {
  return { id, workers: 4, workersByStatus: { active: 4 }, ...fields };
}
const queue = (stageId: string, ready: number, fields: Partial<QueueJson> = {}): QueueJson => ({
  queue: stageId.toLowerCase(),
  vhost: '/',
  stage: stageId,
  ready: { value: ready },
  unacked: { value: 1 },
  consumers: { value: 4 },
  ...fields,
});

describe('the sentence', () => {
  it('says all is well, how much is done and how long the run is', () => {
    const { sentence } = show({
      containers: [
        {
          container: 'orchestrator-1',
          role: 'orchestrator',
          state: 'running',
          startedAt: '2026-01-01T00:00:00Z',
        },
      ],
      workers: [
        { container: 'a', status: 'active' },
        { container: 'b', status: 'idle' },
      ],
      stages: [stage('G1'), stage('G2', { jobsPerHour: 312 })],
    });
    assert.equal(sentence.text, 'All well: 1 worker busy, 312 documents an hour, 4h12m into the run.');
    assert.ok(sentence.isWell);
  });

  it('names the worst of several problems', () => {
    const stuck = {
      id: 'x',
      kind: 'WorkerStuck',
      severity: 'critical',
      container: 'paddle-worker-gpu1-0',
      stage: 'G3_02',
      beganAt: '2026-01-01T04:04:48Z',
    };
    const down = { id: 'y', kind: 'WorkerDown', severity: 'warning', container: 'b' };
    const stages = [stage('G3_02', { name: 'Witnesses' })];
    const one = show({ findings: [stuck], stages }).sentence;
    assert.equal(one.text, '1 problem: paddle-worker-gpu1-0 stuck for 7m12s at G3_02 Witnesses.');
    assert.equal(one.severity, 'critical');
    assert.match(show({ findings: [down, stuck], stages }).sentence.text, /^2 problems; worst: paddle/);
  });

  it('does not say all is well of what nobody knows', () => {
    const { sentence } = show({ sources: [{ source: 'docker', up: false, problem: 'no such file' }] });
    assert.equal(sentence.text, 'Nothing is known yet: waiting for docker (docker: no such file).');
    assert.equal(sentence.isWell, false);
    assert.equal(show({}).sentence.text, 'No container of a pipeline is known here.');
  });

  it('does not say all is well of workers that cannot be judged, and tells of those that stand still', () => {
    const unknown = { status: 'unknown', reason: 'no progress is watched: set progress.directory' };
    const most = [
      { container: 'a', ...unknown },
      { container: 'b', ...unknown },
      { container: 'c', status: 'idle' },
    ];
    assert.deepEqual(show({ workers: most }).sentence, {
      text: 'No problem is known, but 2 of 3 workers cannot be judged: no progress is watched: set progress.directory.',
      severity: null,
      isWell: false,
    });
    const some = [...most, { container: 'd', status: 'active' }, { container: 'e', status: 'down' }];
    assert.equal(show({ workers: some }).sentence.text, 'All well: 1 worker busy, 1 stopped, 2 unknown.');
    const none = show({ containers: [{ container: 'redis', role: 'infrastructure', state: 'running' }] });
    assert.match(none.sentence.text, /^No problem is known, and the one container is not known as a worker/);
  });
});

describe('the bottleneck', () => {
  const bottleneckOf = (stages: readonly StageJson[], queues: readonly QueueJson[]) =>
    show({ stages, queues }).flow.bottleneck;

  it('is the stage whose messages take longest at the rate they leave, and names the next', () => {
    const found = bottleneckOf(
      [stage('A'), stage('B')],
      [
        queue('A', 300, { trend: { outPerMinute: 100 } }),
        queue('B', 312, { trend: { outPerMinute: 4, perMinute: 34 } }),
      ],
    );
    assert.equal(found?.id, 'B');
    assert.equal(found?.bottleneck, '312 wait, 240 an hour leave: 1h18m to work off; next is A with 3m00s');
  });

  it('is told by mean job and workers where no rate is known; stuck ones do not count', () => {
    const jobs = { durations: { count: 9, meanSeconds: 600 } };
    const found = bottleneckOf(
      [stage('A', { jobs, workersByStatus: { active: 2, stuck: 2 } })],
      [queue('A', 8)],
    );
    assert.equal(found?.bottleneck, '8 wait, 2 workers at 10m00s a job: 40m00s to work off');
  });

  it('is a stage with messages and nobody to take them', () => {
    const found = bottleneckOf([stage('A', { workers: 0, workersByStatus: {} })], [queue('A', 3)]);
    assert.equal(found?.bottleneck, '3 wait and there is no worker');
  });

  for (const [what, stages, queues] of [
    ['nothing waits', [stage('A')], [queue('A', 0)]],
    ['what waits is gone within a minute', [stage('A')], [queue('A', 3, { trend: { outPerMinute: 30 } })]],
    ['nobody knows how long jobs take', [stage('A')], [queue('A', 3)]],
  ] as const) {
    it(`is none where ${what}`, () => assert.equal(bottleneckOf(stages, queues), null));
  }
});

describe('a queue of a stage', () => {
  const flow = (finding: object) => {
    const growing = {
      id: 'q',
      kind: 'QueueGrowing',
      severity: 'warning',
      queue: 'a',
      vhost: '/',
      ...finding,
    };
    const queues = [queue('A', 30, { trend: { perMinute: 3, drainMs: 600_000 } })];
    return show({ stages: [stage('A')], queues, findings: [growing] }).flow.stages[0]?.queue;
  };

  it('does not drain while QueueGrowing says so, and no longer when that no longer rises', () => {
    assert.deepEqual([flow({})?.isGrowing, flow({})?.drainMs], [true, null]);
    const over = flow({ overSince: AT, summary: 'no longer rises for 20s, now 30 waiting' });
    assert.deepEqual([over?.isGrowing, over?.drainMs], [false, 600_000]);
    assert.equal(flow({ queue: 'b' })?.isGrowing, false);
  });
});

describe('a picture', () => {
  it('of nothing is empty, and of a null everywhere too', () => {
    const empty = show({});
    assert.deepEqual([empty.problems, empty.workers, empty.gpus], [[], [], []]);
    const nulls = show({
      workers: null,
      findings: null,
      stages: null,
      gpus: null,
      queues: null,
      broker: null,
    });
    assert.deepEqual(nulls.flow, { rows: [], stages: [], bottleneck: null });
  });

  it('has infrastructure with uptime, messages and consumers', () => {
    const [broker, grobid] = show({
      containers: [
        {
          container: 'rabbit',
          title: 'RabbitMQ',
          role: 'infrastructure',
          state: 'running',
          startedAt: '2026-01-01T00:00:00Z',
        },
        { container: 'grobid', role: 'infrastructure', state: 'exited', finishedAt: '2026-01-01T04:10:00Z' },
      ],
      queues: [
        queue('A', 1230),
        queue('B', 2),
        { queue: 'jobs.dlq', kind: 'dead_letter', ready: { value: 3 } },
        { queue: 'later', kind: 'delay', ready: { value: 0 } },
      ],
      broker: { version: '3.12.0', alarms: { disk: false, memory: true } },
    }).infrastructure;
    assert.deepEqual(broker?.broker, {
      version: '3.12.0',
      messages: 1234,
      consumers: 8,
      apart: ['3 dead letters'],
      alarms: ['memory'],
    });
    assert.equal(
      broker?.broker && brokerWords(broker.broker),
      '1\u2009234 messages, 8 consumers; apart: 3 dead letters',
    );
    const thin = show({ queues: [queue('A', 3), { queue: 'B', status: 'present' }], broker: {} });
    const [{ broker: absent } = { broker: null }] = thin.infrastructure;
    assert.equal(absent && brokerWords(absent), 'messages not known, consumers not known');
    assert.equal(broker?.uptimeMs, 4.2 * 3_600_000);
    assert.deepEqual([grobid?.status, grobid?.downForMs], ['down', 120_000]);
  });

  it('grows older, and says so', () => {
    const at = (seconds: number) => describePicture({ fleet: { at: AT }, nowMs: NOW + seconds * 1000 });
    assert.deepEqual([at(3).freshness, at(20).freshness, at(90).freshness], ['fresh', 'aging', 'stale']);
    assert.equal(describePicture({ fleet: {}, nowMs: NOW }).freshness, 'stale');
  });
});

describe('a simulated fleet with faults', () => {
  const fleet = simulateFleetJson({
    profile: '2gpu',
    minutes: 40,
    faults: [
      { kind: 'crash', minute: 25 },
      { kind: 'mass-hang', minute: 26 },
    ],
  });
  const picture = describePicture({ fleet, nowMs: Date.parse(fleet.at ?? '') });

  it('is shown whole, worst first', () => {
    assert.equal(picture.workers.length, 58);
    assert.equal(picture.orchestrators.length, 14);
    assert.deepEqual(
      picture.flow.rows.map(({ branch, stages }) => [branch, stages.length]),
      [
        ['A', 4],
        ['B', 2],
        ['C', 1],
        ['D', 2],
        ['E', 1],
      ],
    );
    assert.equal(picture.workers[0]?.status, 'stuck');
    assert.ok(picture.workers[0]?.severity);
  });

  it('folds every open finding under one cause or shows it', () => {
    const shown = picture.problems.flatMap((one) => [one.id, ...one.consequences.map(({ id }) => id)]);
    assert.deepEqual(shown.toSorted(), fleet.findings.map(({ id }) => id).toSorted());
    assert.ok(picture.problems.some(({ consequences }) => consequences.length > 0));
  });

  it('knows the memory of each worker’s GPU', () => {
    const worker = picture.workers.find(({ container }) => container === 'spine-worker-gpu1-0');
    assert.ok((worker?.gpuMemory?.usedBytes ?? 0) > 2 ** 33);
    assert.equal(picture.gpus[1]?.containers.length, 28, 'all of the GPU but the one that crashed');
  });
});
