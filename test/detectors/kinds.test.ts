import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ALL_DETECTORS } from '../../src/detectors/all-detectors.js';
import { FINDING_KINDS, type FindingKind } from '../../src/detectors/finding.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import {
  end,
  event,
  fail,
  found,
  GIB,
  gpu,
  job,
  OTHER,
  readGpus,
  stageFleet,
  W,
} from '../support/pipeline-events.js';

interface Case {
  readonly kind: FindingKind;
  readonly what: string;
  /** Until just before it is found. */
  play(fleet: JudgedFleet): void;
  /** What then makes it found; nothing: it never is. */
  readonly tip?: (fleet: JudgedFleet) => void;
  readonly summary?: RegExp;
  readonly evidence?: RegExp;
}

const CASES: readonly Case[] = [
  {
    kind: 'SourceDown',
    what: 'a source that fails for half a minute',
    play(fleet) {
      fleet.setUp('rabbitmq', false);
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(15),
    summary: /^rabbitmq cannot be read: gone$/,
    evidence: /last read \d+s ago/,
  },
  {
    kind: 'SourceDown',
    what: 'a source that fails once',
    play(fleet) {
      fleet.setUp('rabbitmq', false);
      fleet.judgeFor(10);
      fleet.setUp('rabbitmq', true);
      fleet.judgeFor(60);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that crashed',
    play(fleet) {
      fleet.container(W);
      end(fleet, W, 139);
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^down for 3\ds: it was ended by signal 11$/,
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that was created and could not be started',
    play(fleet) {
      const error = 'could not select device driver "nvidia"';
      fleet.container(W, { state: 'created', createdAtMs: fleet.nowMs, error });
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^down for 3\ds: it could not be started$/,
    evidence: /the engine says: could not select device driver/,
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that somebody stopped, and that could not be started again',
    play(fleet) {
      fleet.container(W);
      end(fleet, W, 143, true);
      fleet.judgeFor(300);
    },
    tip(fleet) {
      const told = { state: 'exited', exitCode: 128, error: 'port is already allocated' } as const;
      fleet.container(W, { ...told, finishedAtMs: fleet.nowMs - 300_000 });
      fleet.judgeFor(5);
    },
    summary: /could not be started$/,
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that was created and not started',
    play(fleet) {
      fleet.container(W, { state: 'created' });
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that somebody stopped',
    play(fleet) {
      fleet.container(W);
      end(fleet, W, 137, true);
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that was found stopped, nobody knows by whom',
    play(fleet) {
      fleet.container(W, { state: 'exited', exitCode: 143, finishedAtMs: fleet.nowMs - 1000 });
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that crashed and was stopped before its policy started it again',
    play(fleet) {
      fleet.container(W);
      end(fleet, W, 3);
      event(fleet, `id-of-${W}`, 'stop');
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that was found down although its policy would have started it again',
    play(fleet) {
      fleet.container(W, {
        state: 'exited',
        exitCode: 3,
        finishedAtMs: fleet.nowMs - 1000,
        isHeldDown: true,
      });
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'WorkerDown',
    what: 'a worker of whose end no exit code is known',
    play(fleet) {
      fleet.container(W);
      event(fleet, `id-of-${W}`, 'die');
      const { exitCode: _untold, ...facts } = deadFacts(fleet);
      fleet.container(W, facts);
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /it ended, its exit code is not known$/,
  },
  {
    kind: 'WorkerDown',
    what: 'a worker that its restart policy is about to start again',
    play(fleet) {
      fleet.container(W);
      end(fleet, W, 3);
      fleet.container(W, {
        state: 'restarting',
        exitCode: 3,
        finishedAtMs: fleet.nowMs,
        hasRestartPolicy: true,
      });
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(125),
    summary: /^down for 3m/,
  },
  {
    kind: 'InfrastructureDown',
    what: 'a broker whose container is down, whoever stopped it',
    play(fleet) {
      fleet.container('my-rabbitmq');
      end(fleet, 'my-rabbitmq', 0, true);
      fleet.judgeFor(30);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^RabbitMQ: its container is exited$/,
    evidence: /on somebody's request/,
  },
  {
    kind: 'WorkerUnhealthy',
    what: 'a worker whose health check fails for a minute',
    play(fleet) {
      fleet.container(W, { health: 'unhealthy' });
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /health check fails/,
  },
  {
    kind: 'WorkerCrashLooping',
    what: 'a worker that ended by itself three times',
    play(fleet) {
      fleet.container(W);
      fleet.judgeFor(5);
      for (let time = 0; time < 2; time++) crashOnce(fleet);
    },
    tip: (fleet) => crashOnce(fleet),
    summary: /^ended by itself 3 times within 10m00s$/,
  },
  {
    kind: 'WorkerCrashLooping',
    what: 'a worker that somebody restarts again and again',
    play(fleet) {
      fleet.container(W);
      fleet.judgeFor(5);
      for (let time = 0; time < 5; time++) {
        end(fleet, W, 137, true);
        event(fleet, `id-of-${W}`, 'start');
        fleet.container(W, { startedAtMs: fleet.nowMs });
        fleet.judgeFor(20);
      }
    },
  },
  {
    kind: 'WorkerCrashLooping',
    what: 'a worker that was stopped before its policy started it again, as is advised',
    play(fleet) {
      fleet.container(W);
      fleet.judgeFor(5);
      for (let time = 0; time < 2; time++) crashOnce(fleet);
      end(fleet, W, 1);
      event(fleet, `id-of-${W}`, 'stop');
      fleet.judgeFor(30);
    },
  },
  {
    kind: 'WorkerCrashLooping',
    what: 'a container that is no part of the pipeline and ended by itself three times',
    play(fleet) {
      fleet.container('web');
      fleet.judgeFor(5);
      for (let time = 0; time < 2; time++) crashOnce(fleet, 'web');
    },
    tip: (fleet) => crashOnce(fleet, 'web'),
  },
  {
    kind: 'WorkerUnhealthy',
    what: 'a container that is no part of the pipeline and whose health check fails for a minute',
    play(fleet) {
      fleet.container('web', { health: 'unhealthy' });
      fleet.judgeFor(55);
    },
    tip: (fleet) => fleet.judgeFor(15),
  },
  {
    kind: 'WorkerDown',
    what: 'a container that is no part of the pipeline and ended by itself',
    play(fleet) {
      fleet.container('web');
      end(fleet, 'web', 1);
      fleet.judgeFor(120);
    },
  },
  {
    kind: 'InfrastructureDown',
    what: 'a container that is no part of the pipeline and ended by itself',
    play(fleet) {
      fleet.container('web');
      end(fleet, 'web', 1);
      fleet.judgeFor(120);
    },
  },
  {
    kind: 'CommonCause',
    what: 'a crash loop of a container that is no part of the pipeline, while the broker is away',
    play(fleet) {
      fleet.container('web');
      fleet.judgeFor(5);
      fleet.setUp('rabbitmq', false);
      for (let time = 0; time < 4; time++) crashOnce(fleet, 'web');
      fleet.judgeFor(60);
    },
  },
  {
    kind: 'JobOrphaned',
    what: 'a job whose container died, without a sentinel or a taker',
    play(fleet) {
      fleet.container(W);
      fleet.progress(W, job(fleet));
      fleet.judgeFor(10);
      end(fleet, W, 139);
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^PMC1 was in hand when its container died/,
    evidence: /ran for 10s, at page 12 of 40/,
  },
  {
    kind: 'JobOrphaned',
    what: 'a job whose container was started again while the engine was away',
    play(fleet) {
      fleet.container(W);
      fleet.progress(W, job(fleet));
      fleet.judgeFor(10);
      fleet.setUp('docker', false);
      fleet.judgeFor(60);
      fleet.setUp('docker', true);
      fleet.container(W, { startedAtMs: fleet.nowMs - 20_000 });
      fleet.judgeFor(25);
    },
    tip: (fleet) => fleet.judgeFor(20),
    evidence: /its container was started again/,
  },
  {
    kind: 'JobOrphaned',
    what: 'a job that another worker took up',
    play(fleet) {
      for (const name of [W, OTHER]) fleet.container(name);
      fleet.progress(W, job(fleet));
      fleet.judgeFor(10);
      end(fleet, W, 139);
      fleet.judgeFor(10);
      fleet.progress(OTHER, job(fleet));
      fleet.judgeFor(10);
      fleet.progress(OTHER, undefined);
      // The dead worker's file still lies there.
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'JobOrphaned',
    what: 'a job whose failure sentinel came',
    play(fleet) {
      fleet.container(W);
      fleet.progress(W, job(fleet));
      fleet.judgeFor(10);
      end(fleet, W, 1);
      fail(fleet, 'PMC1', W);
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'JobNearAckLimit',
    what: 'a job at four fifths of the consumer timeout',
    play(fleet) {
      fleet.container(W, { startedAtMs: fleet.nowMs - 7_200_000 });
      fleet.queue('g3', { ready: 0, consumers: 1 });
      fleet.progress(
        W,
        job(fleet, { started_at: fleet.nowMs / 1000 - 5700, updated_at: fleet.nowMs / 1000 }),
      );
      fleet.judgeFor(55);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^job runs for 1h36m of the 2h00m the broker waits for its ack$/,
  },
  {
    kind: 'JobNearAckLimit',
    what: 'a job of a stream, which has no such limit',
    play(fleet) {
      fleet.container(W);
      fleet.queue('g3', { ready: 0, consumers: 1, type: 'stream' });
      fleet.progress(W, job(fleet, { started_at: fleet.nowMs / 1000 - 7000 }));
      fleet.judgeFor(60);
    },
  },
  {
    kind: 'PoisonDocument',
    what: 'a document that failed on two workers',
    play(fleet) {
      fleet.judgeFor(5);
      fail(fleet, 'PMC7', W, 'a');
      fail(fleet, 'PMC7', W, 'b');
      fleet.judgeFor(10);
    },
    tip(fleet) {
      fail(fleet, 'PMC7', OTHER, 'c');
      fleet.judgeFor(35);
    },
    summary: /^PMC7 brought down 2 workers$/,
    evidence: /^failed paddle-worker-gpu1-0 at G3/,
  },
  {
    kind: 'QueueNoConsumers',
    what: 'a queue with messages and no consumer for a minute',
    play(fleet) {
      fleet.queue('g3', { ready: 5, consumers: 0 });
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^5 waiting and no consumer for 1m0\ds$/,
  },
  {
    kind: 'QueueNoConsumers',
    what: 'a queue whose workers load their models',
    play(fleet) {
      fleet.container(W, { startedAtMs: fleet.nowMs });
      fleet.queue('g3', { ready: 5, consumers: 0 });
      fleet.judgeFor(300);
    },
  },
  {
    kind: 'QueueMissing',
    what: 'the queue of a stage that is not on the broker for a minute',
    play(fleet) {
      fleet.queue('g3', { status: 'missing' });
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^queue g3 is not on the broker$/,
  },
  {
    kind: 'DeadLettersGrowing',
    what: 'a queue of dead letters that gets three in an hour',
    play(fleet) {
      fleet.queue('g3.dlq', { ready: 10, consumers: 0 });
      fleet.judgeFor(90);
      fleet.queue('g3.dlq', { ready: 12, consumers: 0 });
      fleet.judgeFor(90);
    },
    tip(fleet) {
      fleet.queue('g3.dlq', { ready: 13, consumers: 0 });
      fleet.judgeFor(5);
    },
    summary: /^3 dead letters in the last hour$/,
  },
  {
    kind: 'QueueGrowing',
    what: 'a queue that rises for ten minutes',
    play: (fleet) => rise(fleet, 9),
    tip: (fleet) => rise(fleet, 3, 9),
    summary: /^\d+ waiting, \+10 a minute over 10m/,
    evidence: /in 25 a minute, out 15 a minute/,
  },
  {
    kind: 'QueueGrowing',
    what: 'a queue that leaps once and then drains',
    play(fleet) {
      for (let minute = 0; minute < 20; minute++) {
        fleet.queue('g3', { ready: minute < 3 ? 0 : 400 - minute * 5, consumers: 3 });
        fleet.judgeFor(60);
      }
    },
  },
  {
    kind: 'FailuresSpiking',
    what: 'five failures within ten minutes',
    play(fleet) {
      fleet.judgeFor(30);
      for (const document of ['a', 'b', 'c', 'd']) fail(fleet, document, W);
      fleet.judgeFor(30);
    },
    tip(fleet) {
      fail(fleet, 'e', W);
      fleet.judgeFor(15);
    },
    summary: /^5 failures within 10m00s, 0 in the 10m00s before$/,
    evidence: /^5 cuda$/,
  },
  {
    kind: 'GpuError',
    what: 'a GPU that reports XID 79',
    play(fleet) {
      readGpus(fleet, gpu('1', { xids: { last: 31, totals: new Map([['31', 1]]), recent: new Map() } }));
      fleet.judgeFor(10);
    },
    tip(fleet) {
      readGpus(
        fleet,
        gpu('1', {
          xids: {
            last: 79,
            totals: new Map([
              ['31', 1],
              ['79', 1],
            ]),
            recent: new Map(),
          },
        }),
      );
      fleet.judgeFor(5);
    },
    summary: /^GPU 1 reported XID 79: GPU has fallen off the bus$/,
  },
  {
    kind: 'GpuError',
    what: 'a GPU that left the exporter’s answer',
    play(fleet) {
      readGpus(fleet, gpu('1'), gpu('2'));
      fleet.judgeFor(5);
      readGpus(fleet, gpu('2'));
      fleet.judgeFor(10);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^GPU 1 is gone for \d+s$/,
  },
  {
    kind: 'GpuMemoryHigh',
    what: 'a GPU that is nearly full for five minutes',
    play(fleet) {
      readGpus(fleet, gpu('1', { memory: { usedBytes: 175 * GIB, totalBytes: 180 * GIB } }));
      fleet.judgeFor(300);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^GPU 1: 97 % of its memory in use for 5m/,
  },
  {
    kind: 'GpuMemoryLeaked',
    what: 'a GPU whose memory in use only rises for an hour',
    play: (fleet) => leak(fleet, 55),
    tip: (fleet) => leak(fleet, 10, 55),
    summary: /^GPU 1: memory in use only rises/,
  },
  {
    kind: 'GpuMemoryLeaked',
    what: 'a GPU that loads models in a few minutes',
    play(fleet) {
      for (let minute = 0; minute < 90; minute++) {
        readGpus(
          fleet,
          gpu('1', { memory: { usedBytes: (50 + Math.min(minute, 5) * 10) * GIB, totalBytes: 180 * GIB } }),
        );
        fleet.judgeFor(60);
      }
    },
  },
  {
    kind: 'LogErrors',
    what: 'lines in logs that fit a pattern',
    play(fleet) {
      printed(fleet, W, 'nothing', 0);
      fleet.judgeFor(10);
    },
    tip(fleet) {
      printed(fleet, W, 'gpu_oom', 2);
      printed(fleet, OTHER, 'gpu_oom', 1);
      fleet.judgeFor(10);
    },
    summary: /^gpu_oom: 3 lines in the logs of 2 workers$/,
    evidence: /^paddle-worker-gpu1-0, 10s ago: CUDA out of memory$/,
  },
  {
    kind: 'LogErrors',
    what: 'lines that are older than the cooldown',
    play(fleet) {
      printed(fleet, W, 'gpu_oom', 1, 15 * 60_000);
      fleet.judgeFor(30);
    },
  },
  {
    kind: 'BackupStale',
    what: 'a backup that failed',
    play(fleet) {
      fleet.container('grobid-backup');
      end(fleet, 'grobid-backup', 1);
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^backup does not run: it ended with exit code 1$/,
  },
  {
    kind: 'BackupStale',
    what: 'a backup that nobody lists under infrastructure',
    play(fleet) {
      fleet.container('nightly-backup-1');
      end(fleet, 'nightly-backup-1', 1);
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^backup does not run: it ended with exit code 1$/,
  },
  {
    kind: 'BackupStale',
    what: 'a backup that ended well an hour ago',
    play(fleet) {
      fleet.container('grobid-backup');
      end(fleet, 'grobid-backup', 0);
      fleet.judgeFor(3600);
    },
  },
  {
    kind: 'ProgressClockSkewed',
    what: 'a worker whose clock is an hour ahead',
    play(fleet) {
      fleet.container(W);
      fleet.progress(W, job(fleet, { updated_at: fleet.nowMs / 1000 + 3600 }));
      fleet.judgeFor(10);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^its times are 1h00m ahead, as local time without its zone is$/,
  },
  {
    kind: 'ProgressClockSkewed',
    what: 'a worker whose clock is 40 minutes and some behind',
    play(fleet) {
      fleet.container(W);
      fleet.progress(W, job(fleet, { updated_at: fleet.nowMs / 1000 - 2468 }));
      fleet.judgeFor(10);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^its clock is 41m08s behind$/,
  },
  {
    kind: 'WorkerStuck',
    what: 'a healthy worker that writes local time without a zone, at the start of the daemon',
    play(fleet) {
      fleet.container(W);
      fleet.cpu(W, 5);
      for (let done = 1; done < 60; done++) {
        const naive = new Date(fleet.nowMs - 5 * 3_600_000).toISOString().slice(0, 19);
        fleet.progress(W, job(fleet, { done, total: 9000, started_at: naive, updated_at: naive }));
        fleet.judgeFor(15);
      }
    },
  },
  {
    kind: 'ProgressUnreadable',
    what: 'a file of no use for a minute',
    play(fleet) {
      const reading = { kind: 'ignored', reason: 'not_json', detail: 'unexpected end' } as const;
      const file = { name: W, mtimeMs: fleet.nowMs, reading };
      fleet.store.apply({
        kind: 'progress-swept',
        atMs: fleet.nowMs,
        isComplete: false,
        changed: [file],
        removed: [],
        skipped: 0,
      });
      fleet.judgeFor(60);
    },
    tip: (fleet) => fleet.judgeFor(10),
    summary: /^paddle-worker-gpu1-0\.json cannot be used: not_json$/,
  },
];

const deadFacts = (fleet: JudgedFleet) =>
  ({ state: 'exited', exitCode: 3, finishedAtMs: fleet.nowMs, hasRestartPolicy: true }) as const;

function printed(fleet: JudgedFleet, name: string, pattern: string, count: number, agoMs = 0): void {
  fleet.container(name);
  fleet.store.apply({ kind: 'logs-watched', patterns: ['gpu_oom'], cooldownMs: 600_000 });
  const match = { pattern, count, line: 'CUDA out of memory', atMs: fleet.nowMs - agoMs };
  fleet.store.apply({
    kind: 'logs-read',
    readings: [{ id: `id-of-${name}`, matches: count > 0 ? [match] : [] }],
  });
}

function crashOnce(fleet: JudgedFleet, name = W): void {
  event(fleet, `id-of-${name}`, 'die', 1);
  fleet.container(name, {
    state: 'restarting',
    exitCode: 1,
    finishedAtMs: fleet.nowMs,
    hasRestartPolicy: true,
  });
  fleet.judgeFor(20);
}

/** 25 in and 15 out each minute. */
function rise(fleet: JudgedFleet, minutes: number, from = 0): void {
  for (let part = from * 4; part < (from + minutes) * 4; part++) {
    fleet.queue('g3', {
      ready: Math.floor(part * 2.5),
      consumers: 3,
      published: Math.floor(part * 6.25),
      acked: Math.floor(part * 3.75),
    });
    fleet.judgeFor(15);
  }
}

function leak(fleet: JudgedFleet, minutes: number, from = 0): void {
  for (let minute = from; minute < from + minutes; minute++) {
    readGpus(fleet, gpu('1', { memory: { usedBytes: (50 + minute * 0.3) * GIB, totalBytes: 180 * GIB } }));
    fleet.judgeFor(60);
  }
}

describe('findings', () => {
  for (const { kind, what, play, tip, summary, evidence } of CASES) {
    it(`${tip ? 'tell of' : 'do not tell of'} ${what} as ${kind}`, () => {
      const fleet = stageFleet();
      play(fleet);
      assert.equal(found(fleet, kind)?.summary, undefined, 'too soon');
      if (!tip) return;
      tip(fleet);
      const finding = found(fleet, kind);
      assert.match(finding?.summary ?? 'nothing', summary ?? /./);
      assert.ok(
        finding?.evidence.some((line) => (evidence ?? /./).test(line)),
        finding?.evidence.join('\n'),
      );
      assert.match(finding?.clearsWhen ?? '', /\.$/);
      assert.ok((finding?.beganAtMs ?? Number.POSITIVE_INFINITY) <= fleet.nowMs);
    });
  }

  it('stay open, unconfirmed, while the source that told is stale', () => {
    const fleet = stageFleet();
    fleet.container(W);
    end(fleet, W, 139);
    fleet.judgeFor(40);
    fleet.setUp('docker', false);
    fleet.judgeFor(600);
    assert.equal(found(fleet, 'WorkerDown')?.isUnconfirmed, true);
    fleet.setUp('docker', true);
    fleet.container(W, { startedAtMs: fleet.nowMs });
    fleet.judgeFor(20);
    assert.equal(found(fleet, 'WorkerDown'), undefined);
  });

  it('have a detector for every kind but those that come from elsewhere', () => {
    const detected = ALL_DETECTORS.map(({ kind }) => kind);
    const missing = FINDING_KINDS.filter((kind) => !detected.includes(kind));
    assert.deepEqual(missing, ['RestartsExhausted', 'CommonCause', 'NotificationsFailing']);
    assert.equal(new Set(detected).size, detected.length);
  });

  it('are each explained to operators', () => {
    const text = readFileSync('docs/detection.md', 'utf8');
    const explained = [...text.matchAll(/^### [▲◆▪] (\w+)$/gm)].map(([, kind]) => kind);
    assert.deepEqual(new Set(explained), new Set(FINDING_KINDS));
  });

  it('are each tried here or with the verdicts', () => {
    const withVerdicts = [
      'WorkerStuck',
      'OrchestratorStuck',
      'StageStalled',
      'WorkerSlow',
      'WorkerSpinning',
      'WorkerStarved',
      // In its own file.
      'PipelineStandstill',
    ];
    const tried = new Set<string>([
      ...CASES.filter(({ tip }) => tip).map(({ kind }) => kind),
      ...withVerdicts,
    ]);
    assert.deepEqual(
      ALL_DETECTORS.filter(({ kind }) => !tried.has(kind)).map(({ kind }) => kind),
      [],
    );
  });
});
