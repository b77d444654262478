import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sentinelsSection } from '../../../src/config/sentinels-section.js';
import type { ContainerEvent, Observation } from '../../../src/fleet/observations.js';
import type { QueueReading } from '../../../src/fleet/queue-observations.js';
import type { JournalFields } from '../../../src/journal/journal-entry.js';
import { createLogger } from '../../../src/lib/logger.js';
import { createFailFast } from '../../../src/recovery/fail-fast/fail-fast.js';
import type { SentinelTarget } from '../../../src/recovery/fail-fast/open-folder.js';
import { hashSentinel } from '../../../src/recovery/fail-fast/withdraw-sentinel.js';
import type { WriteResult } from '../../../src/recovery/fail-fast/write-sentinel.js';
import { createFailureClassifier } from '../../../src/sources/sentinels/classify-failure.js';
import { parseSentinelContent } from '../../../src/sources/sentinels/parse-failure.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { createProgressFleet, seconds, T0 } from '../../support/progress-fleet.js';

const W = 'paddle-worker-gpu1-0';
const OTHER = 'paddle-worker-gpu1-1';
const JOB = {
  name: W,
  stage: 'G3_02',
  document: 'PMC1',
  done: 12,
  total: 40,
  unit: 'page',
  started_at: seconds(10),
};

interface Options {
  readonly isOn?: boolean;
  readonly pattern?: string;
  readonly limit?: number;
  readonly result?: WriteResult;
  /** False: whatever a worker held is lost with it. */
  readonly redelivers?: boolean | null;
  readonly longestJobMs?: number;
  /** What the life before has saved. */
  readonly saved?: unknown;
  readonly savedWaiting?: unknown;
}

function createScene({
  isOn = true,
  pattern,
  limit = 60,
  result = { kind: 'written' },
  redelivers = false,
  longestJobMs,
  saved,
  savedWaiting,
}: Options = {}) {
  const saves: (() => unknown)[] = [];
  const waitingSaves: (() => unknown)[] = [];
  const withdrawals: { readonly path: string; readonly hash: string }[] = [];
  const fleet = createProgressFleet();
  const clock = createFakeClock(T0);
  const journal: JournalFields[] = [];
  const writes: { readonly path: string; readonly content: string }[] = [];
  const failFast = createFailFast({
    fleet: fleet.fleet,
    settings: () => ({
      recovery: { write_failure_sentinels: isOn, failure_sentinels_per_minute: limit },
      sentinels: { root: '/data', pattern: pattern ?? '{document}/{stage}/sentinel.json' },
      stages: [
        { id: 'G3_02', redelivers },
        { id: 'G9_02', redelivers },
      ],
    }),
    section: { load: () => saved, save: (produce) => saves.push(produce) },
    waitingSection: { load: () => savedWaiting, save: (produce) => waitingSaves.push(produce) },
    longestJobMs: () => longestJobMs,
    journal: { append: (fields) => journal.push(fields) },
    clock,
    log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
    async write({ root, folders, file }: SentinelTarget, content) {
      writes.push({ path: [root, ...folders, file].join('/'), content });
      return result;
    },
    withdraw({ root, folders, file }, hash) {
      withdrawals.push({ path: [root, ...folders, file].join('/'), hash });
      return Promise.resolve({ kind: 'withdrawn' });
    },
  });
  const apply = (observation: Observation): void => {
    fleet.apply(observation);
    failFast.notice(observation);
  };
  const event = (event: Partial<ContainerEvent> & Pick<ContainerEvent, 'action'>): void =>
    apply({ kind: 'container-event', event: { id: `id-${W}`, atMs: clock.nowMs(), ...event } });
  for (const name of [W, OTHER]) fleet.container({ name, id: `id-${name}` });
  const outcomes = (): readonly (readonly unknown[])[] =>
    journal.map(({ result: what, reason }) => (reason === undefined ? [what] : [what, reason]));
  return {
    fleet,
    clock,
    journal,
    writes,
    withdrawals,
    saves,
    waitingSaves,
    failFast,
    event,
    apply,
    outcomes,
  };
}

/** A worker that has been at a document for 60 s. */
async function busyScene(options?: Options) {
  const scene = createScene(options);
  scene.fleet.look(11, { [W]: JOB });
  await scene.clock.advance(70_000);
  scene.fleet.look(69, { [W]: { ...JOB, done: 13 } });
  return scene;
}

const contentOf = (text: string | undefined): Record<string, unknown> =>
  JSON.parse(text ?? '{}') as Record<string, unknown>;

describe('fail fast for the dead', () => {
  it('writes a failure sentinel two seconds after a worker died in the middle of a job', async () => {
    const { clock, event, writes, journal, failFast } = await busyScene();
    event({ action: 'die', exitCode: 139 });
    await clock.advance(1999);
    assert.equal(writes.length, 0);
    await clock.advance(1);
    assert.equal(writes[0]?.path, '/data/PMC1/G3_02/sentinel.json');
    assert.deepEqual(contentOf(writes[0]?.content), {
      error: `worker ${W} died in the middle of the job: ended by signal 11 (SIGSEGV), after 1m00s, at page 13 of 40`,
      worker: W,
      failed_at: new Date(T0 + 70_000).toISOString(),
      stage: 'G3_02',
      document: 'PMC1',
      exit_code: 139,
      oom_killed: false,
      signal: 11,
      started_at: new Date(T0 + 10_000).toISOString(),
      written_by: 'stagewatch',
    });
    assert.deepEqual([...failFast.counts.written], [['G3_02', 1]]);
    assert.deepEqual(
      journal.map(({ type, result, container, stage, document }) => [
        type,
        result,
        container,
        stage,
        document,
      ]),
      [['failure_sentinel', 'written', W, 'G3_02', 'PMC1']],
    );
  });

  for (const [how, events, reason] of [
    ['by itself', [{ action: 'die', exitCode: 1 }], 'worker_died'],
    ['by itself without an error', [{ action: 'die', exitCode: 0 }], 'worker_died'],
    ['for want of memory', [{ action: 'oom' }, { action: 'die', exitCode: 137 }], 'host_oom'],
    ['by SIGKILL from outside', [{ action: 'die', exitCode: 137 }], 'worker_died'],
    [
      'by "docker kill"',
      [
        { action: 'stop', signal: 9 },
        { action: 'die', exitCode: 137 },
      ],
      'worker_died',
    ],
  ] as const) {
    it(`tells of one that ended ${how}, so that its reason is ${reason}`, async () => {
      const { clock, event, writes } = await busyScene();
      for (const one of events) event(one);
      await clock.advance(2000);
      assert.equal(writes.length, 1);
      const classify = createFailureClassifier(sentinelsSection.parse({}).reasons);
      assert.equal(classify(parseSentinelContent(writes[0]?.content ?? '').error), reason);
    });
  }

  it('leaves one alone that was stopped on request: it could put its job in order', async () => {
    const { clock, event, writes, journal } = await busyScene();
    event({ action: 'stop', signal: 15 });
    event({ action: 'stop', signal: 9 });
    event({ action: 'die', exitCode: 137 });
    await clock.advance(10_000);
    assert.deepEqual([writes, journal], [[], []]);
  });

  it('writes nothing for an idle worker, an old file left behind, or while it is off', async () => {
    const idle = createScene();
    await idle.clock.advance(70_000);
    idle.event({ action: 'die', exitCode: 1 });
    const old = createScene();
    old.fleet.look(-500, { [W]: { ...JOB, started_at: seconds(-600) } });
    await old.clock.advance(70_000);
    old.event({ action: 'die', exitCode: 1 });
    const off = await busyScene({ isOn: false });
    off.event({ action: 'die', exitCode: 1 });
    for (const { clock, writes, journal } of [idle, old, off]) {
      await clock.advance(10_000);
      assert.deepEqual([writes, journal], [[], []]);
    }
  });

  it('finds the job in a file that was swept after the death', async () => {
    const { fleet, clock, event, writes } = createScene();
    await clock.advance(30_000);
    event({ action: 'die', exitCode: 1 });
    await clock.advance(1500);
    fleet.look(31, { [W]: { ...JOB, started_at: seconds(29) } }, { mtimeSeconds: 29 });
    await clock.advance(500);
    assert.equal(writes.length, 1);
  });

  it('leaves a document alone that another worker, or the same in its next life, has taken up', async () => {
    for (const taker of [OTHER, W]) {
      const { fleet, clock, event, writes, journal } = await busyScene();
      event({ action: 'die', exitCode: 1 });
      await clock.advance(1000);
      fleet.look(71, { [taker]: { ...JOB, name: taker, done: 0, started_at: seconds(70.5) } });
      await clock.advance(1000);
      assert.equal(writes.length, 0, taker);
      assert.deepEqual(
        journal.map(({ result, reason }) => [result, reason]),
        [['refused', 'taken_up']],
      );
    }
  });

  it('is not misled by another document with the same worker, or the same document in another stage', async () => {
    const { fleet, clock, event, writes } = await busyScene();
    event({ action: 'die', exitCode: 1 });
    await clock.advance(1000);
    fleet.look(71, {
      [W]: { ...JOB, document: 'PMC2', started_at: seconds(70.5) },
      [OTHER]: { ...JOB, name: OTHER, stage: 'G9_02', started_at: seconds(70.5) },
    });
    await clock.advance(1000);
    assert.deepEqual(
      writes.map(({ path }) => path),
      ['/data/PMC1/G3_02/sentinel.json'],
    );
  });

  it('refuses what it cannot place, and says so', async () => {
    for (const [options, job, reason] of [
      [{ pattern: '**/{document}/{stage}.json' }, {}, 'pattern_has_wildcards'],
      [{}, { document: '../../etc/cron.d' }, 'unsafe_name'],
      [{}, { document: undefined }, 'document_unknown'],
      [{}, { stage: undefined }, 'stage_unknown'],
      [{ limit: 0 }, {}, 'too_many'],
    ] as const) {
      const { fleet, clock, event, writes, journal } = createScene(options);
      fleet.look(11, { [W]: { ...JOB, ...job } });
      await clock.advance(70_000);
      event({ action: 'die', exitCode: 1 });
      await clock.advance(2000);
      assert.equal(writes.length, 0, reason);
      assert.deepEqual(
        journal.map(({ result, reason: why }) => [result, why]),
        [['refused', reason]],
      );
    }
  });

  it('counts only what it wrote, and journals what failed', async () => {
    const failed = await busyScene({ result: { kind: 'failed', problem: 'read-only' } });
    const present = await busyScene({ result: { kind: 'present', outcome: 'failure' } });
    for (const { event, clock, failFast } of [failed, present]) {
      event({ action: 'die', exitCode: 1 });
      await clock.advance(2000);
      assert.equal(failFast.counts.written.size, 0);
    }
    assert.deepEqual(
      failed.journal.map(({ result, problem }) => [result, problem]),
      [['failed', 'read-only']],
    );
    assert.deepEqual(present.journal, []);
  });

  it('allows only so many a minute', async () => {
    const { fleet, clock, event, writes } = await busyScene({ limit: 1 });
    fleet.look(69, { [OTHER]: { ...JOB, name: OTHER, document: 'PMC2' } });
    event({ action: 'die', exitCode: 1 });
    event({ id: `id-${OTHER}`, action: 'die', exitCode: 1 });
    await clock.advance(2000);
    assert.equal(writes.length, 1);
  });

  it('does the same for a stuck worker before it is restarted, at once', async () => {
    const { failFast, writes, journal } = await busyScene();
    await failFast.beforeRestart({ identity: W, finding: { summary: '7m12s without progress' } });
    assert.match(
      String(contentOf(writes[0]?.content)['error']),
      /was stuck \(7m12s without progress\) and is restarted, after 1m00s, at page 13 of 40$/,
    );
    assert.equal(journal.length, 1);
    await failFast.beforeRestart({ identity: OTHER, finding: { summary: 'idle' } });
    await failFast.beforeRestart({ identity: W });
    assert.equal(writes.length, 1);
  });

  it('drops what still waits when the daemon stops', async () => {
    const { failFast, clock, event, writes } = await busyScene();
    event({ action: 'die', exitCode: 1 });
    failFast.stop();
    await clock.advance(5000);
    assert.equal(writes.length, 0);
  });
});

/** The queue of the stage as the broker tells of it, `ageS` old. */
function readBroker(scene: ReturnType<typeof createScene>, queue: Partial<QueueReading>, ageS = 0): void {
  const atMs = scene.clock.nowMs();
  const stages = [{ id: 'G3_02', order: 0, queue: 'g3' }] as const;
  scene.apply({ kind: 'stages-configured', stages });
  scene.apply({ kind: 'source-watched', source: 'rabbitmq', target: 'broker' });
  scene.apply({ kind: 'source-read', source: 'rabbitmq', atMs, durationMs: 1 });
  const queues = [{ name: 'g3', status: 'present', deliveredForAck: 9, acked: 8, ...queue } as const];
  const readings = [{ via: 'management', atMs: atMs - ageS * 1000, isComplete: true, queues } as const];
  const told = { vhost: '/', readings, ways: [], consumerTimeoutMs: 7_200_000, leftOutCount: 0 };
  scene.apply({ kind: 'broker-read', atMs, ...told });
}

/** A worker that died at a document a second ago, in a stage whose queue is as told. */
async function deadScene(queue: Partial<QueueReading>, options: Options = {}) {
  const scene = await busyScene({ redelivers: null, ...options });
  readBroker(scene, { ready: 3, unacked: 1, consumers: 2, ...queue });
  await scene.clock.advance(1000);
  scene.event({ action: 'die', exitCode: 139 });
  await scene.clock.advance(2000);
  return scene;
}

describe('fail fast where messages are delivered again', () => {
  it('writes nothing, says why, and is done when another worker takes the document up', async () => {
    const scene = await deadScene({});
    assert.deepEqual(scene.outcomes(), [['waits', 'will_be_redelivered']]);
    assert.match(String(scene.journal[0]?.['problem']), /goes back to queue g3 and will be delivered again/);
    scene.fleet.look(74, { [OTHER]: { ...JOB, name: OTHER, done: 0, started_at: seconds(73.5) } });
    await scene.clock.advance(3_600_000);
    readBroker(scene, { ready: 0, unacked: 0 });
    await scene.clock.advance(1000);
    assert.deepEqual(scene.writes, []);
    assert.deepEqual(scene.outcomes(), [
      ['waits', 'will_be_redelivered'],
      ['refused', 'taken_up'],
    ]);
    assert.equal(scene.failFast.counts.notWritten.get('G3_02')?.will_be_redelivered, 1);
  });

  it('writes at once where the queue acks on delivery, or the worker had acked before', async () => {
    const auto = await deadScene({ deliveredForAck: 0, deliveredAcked: 9, unacked: 0 });
    assert.deepEqual(auto.outcomes(), [['written']]);
    assert.match(String(auto.journal[0]?.['because']), /takes messages for done when they are delivered/);
    const early = await deadScene({ unacked: 0 });
    assert.deepEqual(early.outcomes(), [['written']]);
    assert.match(String(early.journal[0]?.['because']), /had acked it/);
  });

  it('writes once its queue is empty and nobody holds a message, unless a sentinel came', async () => {
    for (const stage of ['G9_02', 'G3_02']) {
      const hasEnded = stage === 'G3_02';
      const scene = await deadScene({});
      const sentinel = { outcome: 'success', stage, document: 'PMC1', atMs: T0 + 73_000 } as const;
      scene.apply({ kind: 'sentinel-seen', sentinel });
      await scene.clock.advance(1500);
      readBroker(scene, { ready: 0, unacked: 1 });
      await scene.clock.advance(5000);
      assert.equal(scene.writes.length, 0);
      readBroker(scene, { ready: 0, unacked: 0 });
      await scene.clock.advance(1);
      assert.equal(scene.writes.length, hasEnded ? 0 : 1);
    }
  });

  /** A daemon that is started again an hour later, with what the one before had saved when it was killed. */
  async function nextLife(options: Options = {}) {
    const before = await deadScene({}, options);
    assert.deepEqual(before.outcomes(), [['waits', 'will_be_redelivered']]);
    const savedWaiting: unknown = JSON.parse(JSON.stringify(before.waitingSaves.at(-1)?.()));
    const scene = createScene({ redelivers: null, ...options, savedWaiting });
    await scene.clock.advance(3_600_000);
    scene.apply({ kind: 'source-watched', source: 'sentinels', target: 'artifacts' });
    return scene;
  }

  it('goes on after a restart of the daemon, once it knows what came meanwhile', async () => {
    const scene = await nextLife();
    readBroker(scene, { ready: 0, unacked: 0 });
    await scene.clock.advance(1);
    assert.equal(scene.writes.length, 0, 'a success may stand there');
    const atMs = scene.clock.nowMs();
    scene.apply({ kind: 'source-read', source: 'sentinels', atMs, durationMs: 1 });
    readBroker(scene, { ready: 0, unacked: 0 });
    await scene.clock.advance(1);
    assert.equal(scene.writes[0]?.path, '/data/PMC1/G3_02/sentinel.json');
    assert.match(String(contentOf(scene.writes[0]?.content)['error']), /signal 11 \(SIGSEGV\), after 1m01s/);
    assert.match(JSON.stringify(scene.waitingSaves.at(-1)?.()), /"waiting":\[\]/);
  });

  it('writes nothing after a restart of the daemon where the document succeeded meanwhile', async () => {
    const scene = await nextLife();
    const sentinel = { outcome: 'success', stage: 'G3_02', document: 'PMC1', atMs: T0 + 90_000 } as const;
    scene.apply({ kind: 'sentinel-seen', sentinel });
    scene.apply({ kind: 'source-read', source: 'sentinels', atMs: scene.clock.nowMs(), durationMs: 1 });
    readBroker(scene, { ready: 0, unacked: 0 });
    await scene.clock.advance(1);
    assert.deepEqual(scene.writes, []);
  });

  it('counts no time in which the daemon was down', async () => {
    const scene = await nextLife({ longestJobMs: 60_000 });
    scene.apply({ kind: 'source-read', source: 'sentinels', atMs: scene.clock.nowMs(), durationMs: 1 });
    for (let minute = 0; minute < 2; minute++) {
      readBroker(scene, { ready: 4, unacked: 0 });
      await scene.clock.advance(60_000);
    }
    assert.deepEqual(scene.writes, []);
  });

  it('takes nothing for a lost job that was saved in another shape', async () => {
    for (const savedWaiting of [1, [], { atMs: 1, waiting: [{}, { lost: { worker: W }, message: {} }] }]) {
      const scene = createScene({ redelivers: null, savedWaiting });
      readBroker(scene, { ready: 0, unacked: 0 });
      await scene.clock.advance(1);
      assert.deepEqual(scene.writes, []);
    }
  });

  it('writes when no worker took it within the time that the stage needs for those before it', async () => {
    const scene = await deadScene({}, { longestJobMs: 60_000 });
    // 3 messages before it, 2 consumers: three rounds of a minute.
    await scene.clock.advance(175_000);
    readBroker(scene, { ready: 4, unacked: 0 });
    await scene.clock.advance(1000);
    assert.equal(scene.writes.length, 0);
    await scene.clock.advance(5000);
    readBroker(scene, { ready: 4, unacked: 0 });
    await scene.clock.advance(1000);
    assert.deepEqual(scene.outcomes(), [['waits', 'will_be_redelivered'], ['written']]);
  });

  it('counts no time in which the broker was away, and none where nobody knows how many wait before it', async () => {
    const away = await deadScene({}, { longestJobMs: 60_000 });
    const failed = { reason: 'unreachable', problem: 'no route to it', atMs: away.clock.nowMs() } as const;
    away.apply({ kind: 'source-failed', source: 'rabbitmq', ...failed });
    await away.clock.advance(3_600_000);
    readBroker(away, { ready: 4, unacked: 0 });
    await away.clock.advance(100_000);
    readBroker(away, { ready: 4, unacked: 0 });
    await away.clock.advance(1);
    assert.equal(away.writes.length, 0);
    await away.clock.advance(100_000);
    readBroker(away, { ready: 4, unacked: 0 });
    await away.clock.advance(1);
    assert.equal(away.writes.length, 1);
    const thin = await busyScene({ redelivers: null, longestJobMs: 60_000 });
    readBroker(thin, { unacked: 1 });
    await thin.clock.advance(1000);
    thin.event({ action: 'die', exitCode: 139 });
    await thin.clock.advance(1_000_000);
    readBroker(thin, { ready: 400, unacked: 1 });
    await thin.clock.advance(1);
    assert.deepEqual(thin.writes, []);
  });

  it('counts the losses of one message, not those of the ones that its document had before', async () => {
    const limited = { type: 'quorum', deliveryLimit: 1 } as const;
    const scene = await deadScene(limited);
    scene.apply({
      kind: 'sentinel-seen',
      sentinel: { outcome: 'failure', stage: 'G3_02', document: 'PMC1', atMs: T0 + 73_000 },
    });
    for (const loss of [2, 3]) {
      await scene.clock.advance(60_000);
      const atS = (scene.clock.nowMs() - T0) / 1000;
      scene.event({ action: 'start' });
      scene.fleet.look(atS, { [W]: { ...JOB, done: loss, started_at: seconds(atS - 1) } });
      readBroker(scene, { ready: 3, unacked: 1, consumers: 2, ...limited });
      await scene.clock.advance(1000);
      scene.event({ action: 'die', exitCode: 139 });
      await scene.clock.advance(2000);
      assert.equal(scene.writes.length, loss === 2 ? 0 : 1, `loss ${loss}`);
    }
  });

  it('does not write where the broker tells nothing, or nothing new enough, and names which', async () => {
    const away = await busyScene({ redelivers: null });
    away.event({ action: 'die', exitCode: 1 });
    await away.clock.advance(2000);
    assert.deepEqual(away.outcomes(), [['waits', 'broker_not_watched']]);
    const silent = await deadScene({ deliveredForAck: 0 });
    assert.deepEqual(silent.outcomes(), [['waits', 'ack_mode_unknown']]);
    const mixed = await deadScene({ deliveredAcked: 3 });
    assert.deepEqual(mixed.outcomes(), [['waits', 'ack_mode_unknown']]);
    const down = await busyScene({ redelivers: null });
    readBroker(down, { ready: 3, unacked: 1 });
    const failed = { reason: 'unreachable', problem: 'no route to it', atMs: down.clock.nowMs() } as const;
    down.apply({ kind: 'source-failed', source: 'rabbitmq', ...failed });
    down.event({ action: 'die', exitCode: 1 });
    await down.clock.advance(2000);
    assert.deepEqual(down.outcomes(), [['waits', 'broker_unreadable']]);
    assert.equal(down.journal[0]?.['problem'], 'no route to it');
  });

  it('leaves the message of a stuck worker to its redelivery', async () => {
    const scene = await busyScene({ redelivers: null });
    readBroker(scene, { ready: 0, unacked: 1 });
    await scene.failFast.beforeRestart({ identity: W, finding: { summary: '7m12s without progress' } });
    assert.deepEqual(scene.outcomes(), [['waits', 'will_be_redelivered']]);
  });
});

describe('a failure sentinel of ours', () => {
  const success = (document: string) =>
    ({
      kind: 'sentinel-seen',
      sentinel: { outcome: 'success', stage: 'G3_02', document, atMs: T0 + 90_000 },
    }) as const;

  it("is withdrawn when its document succeeds after all, also in the daemon's next life", async () => {
    const first = await busyScene();
    first.event({ action: 'die', exitCode: 1 });
    await first.clock.advance(2000);
    const saved: unknown = JSON.parse(JSON.stringify(first.saves.at(-1)?.()));
    const second = createScene({ saved });
    for (const { apply, withdrawals, clock, failFast, journal } of [first, second]) {
      apply(success('PMC2'));
      assert.deepEqual(withdrawals, []);
      apply(success('PMC1'));
      apply(success('PMC1'));
      await clock.advance(1);
      const hash = hashSentinel(first.writes[0]?.content ?? '');
      assert.deepEqual(withdrawals[0], { path: '/data/PMC1/G3_02/sentinel.json', hash });
      assert.equal(failFast.counts.withdrawn.get('G3_02'), 1);
      assert.deepEqual([journal.at(-1)?.['result'], journal.at(-1)?.['document']], ['withdrawn', 'PMC1']);
    }
  });

  it('is withdrawn though nobody watched when its document succeeded', async () => {
    const first = await busyScene();
    first.event({ action: 'die', exitCode: 1 });
    await first.clock.advance(2000);
    const second = createScene({ saved: JSON.parse(JSON.stringify(first.saves.at(-1)?.())) });
    const read = { kind: 'source-read', source: 'sentinels', atMs: T0, durationMs: 1 } as const;
    second.apply(read);
    second.apply(read);
    await second.clock.advance(1);
    assert.deepEqual(
      second.withdrawals.map(({ path }) => path),
      ['/data/PMC1/G3_02/sentinel.json'],
    );
  });

  it('is remembered by what this daemon saved alone, whatever else stands there', () => {
    for (const saved of [7, [{}], [{ document: 'PMC1', hash: 3 }], { x: 1 }]) {
      const scene = createScene({ saved });
      scene.apply(success('PMC1'));
      assert.deepEqual(scene.withdrawals, []);
    }
  });
});
