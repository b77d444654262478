import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision, WorkerPlan } from '../../src/recovery/decision.js';
import { NEVER_RESTARTED } from '../../src/recovery/memory.js';
import { withDryRun, withLook, withRestart } from '../../src/recovery/memory-changes.js';
import { createRecoveryScene, finding, flight, type RecoveryScene } from '../support/recovery-scene.js';

const W = 'paddle-worker-gpu0-0';
const OTHER = 'paddle-worker-gpu0-1';
const MINUTE = 60_000;

interface Case {
  readonly what: string;
  readonly config?: object;
  /** Before it is stuck; by default one worker at work. */
  readonly before?: (scene: RecoveryScene) => void;
  readonly after?: (scene: RecoveryScene) => void;
  readonly decision: Decision;
  readonly reason: string;
  readonly text?: RegExp;
  /** Minutes from now. */
  readonly untilMin?: number;
}

function restartedAgo(scene: RecoveryScene, name: string, minutesAgo: readonly number[]): void {
  for (const minutes of minutesAgo) {
    const askedAtMs = scene.fleet.nowMs - minutes * MINUTE;
    scene.memory = withRestart(scene.memory, name, flight(name, { askedAtMs }));
  }
  scene.memory = { ...scene.memory, inFlight: new Map() };
}

const CASES: readonly Case[] = [
  { what: 'a stuck worker', decision: 'restart', reason: 'stuck' },
  {
    what: 'a worker when recovery is off',
    config: { recovery: { enabled: false } },
    decision: 'notify',
    reason: 'disabled',
  },
  {
    what: 'a worker whose label says false',
    before: (scene) => scene.work(W, { container: { labels: { 'stagewatch.restart': 'false' } } }),
    decision: 'refuse',
    reason: 'label',
  },
  {
    what: 'a worker of a stage that only notifies',
    config: { stage: { on_stuck: 'notify' } },
    decision: 'notify',
    reason: 'stage_notify',
  },
  {
    what: 'a worker that only the broker’s clients tell of',
    before: (scene) => {
      scene.work(W);
      const found = scene.fleet.store.fleet.containers.get(W);
      if (found) Object.assign(found, { isDiscovered: true });
    },
    decision: 'notify',
    reason: 'stage_notify',
    text: /only the broker’s clients tell/,
  },
  {
    what: 'a worker of such a stage whose own label says true',
    config: { stage: { on_stuck: 'notify' } },
    before: (scene) => scene.work(W, { container: { labels: { 'stagewatch.restart': 'true' } } }),
    decision: 'restart',
    reason: 'stuck',
  },
  {
    what: 'a worker known from its progress only',
    before: (scene) => scene.work(W),
    after: (scene) => scene.fleet.store.apply({ kind: 'container-vanished', id: `id-of-${W}` }),
    decision: 'notify',
    reason: 'no_container',
  },
  {
    what: 'anybody while data_dir cannot be written',
    after: (scene) => {
      scene.canRemember = false;
    },
    decision: 'refuse',
    reason: 'cannot_remember',
  },
  ...(['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm'] as const).flatMap((source) =>
    [5, 50].map(
      (seconds): Case => ({
        what: `anybody while ${source} fails for ${seconds} s`,
        after: ({ fleet }) => {
          fleet.setUp(source, false);
          fleet.judgeFor(seconds);
        },
        decision: 'refuse',
        reason: 'source_stale',
        text: new RegExp(`^${source} is stale`),
      }),
    ),
  ),
  {
    what: 'anybody while several of the stage hang together',
    before: (scene) => {
      for (const name of [W, OTHER, 'paddle-worker-gpu0-2', 'paddle-worker-gpu0-3']) scene.work(name);
    },
    decision: 'refuse',
    reason: 'common_cause',
    text: /4 of 4 workers/,
  },
  {
    what: 'anybody while RabbitMQ is down',
    before: (scene) => {
      scene.work(W);
      scene.fleet.container('rabbitmq');
    },
    after: ({ fleet }) => {
      fleet.container('rabbitmq', { state: 'exited', exitCode: 1, finishedAtMs: fleet.nowMs });
      fleet.judgeFor(60);
    },
    decision: 'refuse',
    reason: 'infrastructure_down',
  },
  {
    what: 'a worker that is busy and without progress',
    config: { stage: { livelock_after: '2m' } },
    before: (scene) => scene.work(W),
    after: ({ fleet }) => {
      for (let second = 0; second < 180; second += 5) {
        fleet.cpu(W, 200 + second);
        fleet.judgeFor(5);
      }
    },
    decision: 'notify',
    reason: 'busy',
    text: /although busy/,
  },
  {
    what: 'such a worker when recovery.restart_busy is on',
    config: { stage: { livelock_after: '2m' }, recovery: { restart_busy: true } },
    before: (scene) => scene.work(W),
    after: ({ fleet }) => {
      for (let second = 0; second < 180; second += 5) {
        fleet.cpu(W, 200 + second);
        fleet.judgeFor(5);
      }
    },
    decision: 'restart',
    reason: 'stuck',
  },
  {
    what: 'a still worker whose job is over the most as well',
    config: { stage: { max_job: '2m' } },
    after: ({ fleet }) => fleet.judgeFor(120),
    decision: 'restart',
    reason: 'stuck',
  },
  {
    what: 'a worker that is being restarted',
    after: (scene) => {
      scene.memory = { ...scene.memory, inFlight: new Map([[W, flight(W)]]) };
    },
    decision: 'wait',
    reason: 'in_flight',
  },
  {
    what: 'a worker while another one of its stage is not back at work yet',
    after: (scene) => {
      scene.memory = { ...scene.memory, inFlight: new Map([[OTHER, flight(OTHER, { phase: 'verifying' })]]) };
    },
    decision: 'wait',
    reason: 'stage_share',
  },
  {
    what: 'a worker while one of another stage is being restarted',
    after: (scene) => {
      scene.memory = { ...scene.memory, inFlight: new Map([['x', flight('x', { stage: 'G9' })]]) };
    },
    decision: 'wait',
    reason: 'one_at_a_time',
  },
  {
    what: 'a worker whose document brings down worker after worker',
    after: ({ also }) => {
      const document = `PMC-${W}`;
      also.push(finding('PoisonDocument', { document }, `${document} brought down 2 workers`));
    },
    decision: 'notify',
    reason: 'poison_document',
  },
  {
    what: 'a worker whose GPU is at fault',
    after: ({ also }) => void also.push(finding('GpuError', { gpu: '0' }, 'GPU 0 is gone for 5m00s')),
    decision: 'notify',
    reason: 'gpu_error',
  },
  {
    what: 'a worker on one GPU while another is at fault',
    after: ({ also }) => void also.push(finding('GpuError', { gpu: '1' }, 'GPU 1 is gone for 5m00s')),
    decision: 'restart',
    reason: 'stuck',
  },
  {
    what: 'a worker whose job was far along',
    before: (scene) => scene.work(W, { ranS: 2 * 3600 }),
    decision: 'notify',
    reason: 'cost',
    text: /its job on PMC-\S+, 2h02m in, 30 % done \(page 3 of 10\), will be delivered again.*1h00m is the most/,
  },
  {
    what: 'a worker whose budget is used up',
    after: (scene) => restartedAgo(scene, W, [20, 12, 6]),
    decision: 'refuse',
    reason: 'container_budget',
    untilMin: 24,
  },
  {
    what: 'a worker two of whose three restarts were within the window',
    after: (scene) => restartedAgo(scene, W, [40, 12, 6]),
    decision: 'restart',
    reason: 'stuck',
  },
  {
    what: 'a worker whose budget was used up and whose first restart has left the window',
    after: (scene) => {
      restartedAgo(scene, W, [40, 12, 6]);
      const known = scene.memory.containers.get(W) ?? NEVER_RESTARTED;
      scene.memory = { ...scene.memory, containers: new Map([[W, { ...known, exhaustedAtMs: 1 }]]) };
    },
    decision: 'refuse',
    reason: 'container_budget',
  },
  {
    what: 'a worker whose fellow was just created anew',
    before: (scene) => {
      scene.work(W);
      scene.work(OTHER);
      scene.look();
    },
    after: (scene) => {
      scene.fleet.container(OTHER, { id: 'a1', createdAtMs: scene.fleet.nowMs });
      scene.look();
      scene.fleet.judgeFor(60);
    },
    decision: 'wait',
    reason: 'changed_elsewhere',
    text: new RegExp(`^${OTHER} was created anew 1m00s ago`),
    untilMin: 4,
  },
  {
    what: 'a worker that was started a minute ago, by whomever',
    config: { recovery: { start_grace: '10m' } },
    before: (scene) => scene.work(W, { container: { startedAtMs: scene.fleet.nowMs - 1000 } }),
    decision: 'wait',
    reason: 'start_grace',
  },
  {
    what: 'a worker within its back-off',
    config: { recovery: { backoff: '4m' } },
    after: (scene) => restartedAgo(scene, W, [3]),
    decision: 'wait',
    reason: 'backoff',
    untilMin: 1,
  },
  {
    what: 'a worker that a dry run has told of',
    config: { recovery: { dry_run: true } },
    after: (scene) => {
      scene.memory = withDryRun(scene.memory, `WorkerStuck:${W}`, scene.fleet.nowMs);
    },
    decision: 'wait',
    reason: 'dry_run_done',
  },
  {
    what: 'anybody when the fleet has used up its budget',
    config: { recovery: { fleet_budget: 4 } },
    after: (scene) => restartedAgo(scene, OTHER, [59, 50, 40, 30]),
    decision: 'wait',
    reason: 'fleet_budget',
    untilMin: 1,
  },
];

describe('the plan', () => {
  for (const { what, config, before, after, decision, reason, text, untilMin } of CASES) {
    it(`${decision === 'restart' ? 'restarts' : `answers ${reason} for`} ${what}`, () => {
      const scene = createRecoveryScene(config);
      if (before) before(scene);
      else scene.work(W);
      scene.untilStuck();
      after?.(scene);
      const plan = scene.planOf(W);
      assert.deepEqual([plan?.decision, plan?.reason], [decision, reason], plan?.text);
      assert.match(plan?.text ?? '', text ?? /./);
      if (untilMin !== undefined) {
        assert.equal(((plan?.nextAllowedAtMs ?? 0) - scene.fleet.nowMs) / MINUTE, untilMin);
      }
    });
  }

  it('holds back who shares a common cause, and nobody else', () => {
    const stages = [
      { id: 'G2', workers: 'spine-*', stall_after: '60s' },
      { id: 'G3', workers: 'paddle-*', stall_after: '60s' },
    ];
    const scene = createRecoveryScene({ stages });
    const others = [0, 1, 2].map((index) => `spine-worker-gpu1-${index}`);
    for (const name of [...others, W]) scene.work(name);
    scene.untilStuck();
    assert.ok(scene.fleet.open().includes('CommonCause:stage:G2'));
    for (const name of others) assert.equal(scene.planOf(name)?.reason, 'common_cause');
    assert.equal(scene.planOf(W)?.decision, 'restart');
    for (const [subject, reason] of [
      [{ gpu: '1' }, 'stuck'],
      [{ gpu: '0' }, 'common_cause'],
      [{ source: 'rabbitmq' }, 'common_cause'],
      [{}, 'common_cause'],
    ] as const) {
      scene.also.splice(0, 1, finding('CommonCause', subject, 'one cause'));
      assert.equal(scene.planOf(W)?.reason, reason, JSON.stringify(subject));
    }
  });

  it('knows no worker that is not stuck', () => {
    const scene = createRecoveryScene();
    scene.work(W);
    scene.fleet.judgeFor(30);
    assert.deepEqual(scene.plan(), []);
  });

  it('restarts one of two, the one that has been stuck longer', () => {
    const scene = createRecoveryScene();
    scene.work(OTHER);
    scene.fleet.judgeFor(20);
    scene.work(W);
    scene.untilStuck();
    const reasons = (plans: readonly WorkerPlan[]) => plans.map(({ name, reason }) => [name, reason]);
    assert.deepEqual(reasons(scene.plan()), [
      [OTHER, 'stuck'],
      [W, 'one_at_a_time'],
    ]);
  });

  it('restarts who was left stopped by a restart of ours, and not who was stopped otherwise', () => {
    const scene = createRecoveryScene();
    for (const name of [W, OTHER]) {
      scene.work(name);
      scene.fleet.container(name, { state: 'exited', exitCode: 137, finishedAtMs: scene.fleet.nowMs });
    }
    scene.fleet.judgeFor(10);
    const leftDownAtMs = scene.fleet.nowMs - 60_000;
    const own = { restartsAtMs: [leftDownAtMs], streak: 1, leftDownAtMs };
    scene.memory = { ...scene.memory, containers: new Map([[W, own]]) };
    assert.deepEqual(
      scene.plan().map(({ name, decision, reason }) => [name, decision, reason]),
      [[W, 'restart', 'left_down']],
    );
  });

  it('lets one more be restarted for each ten workers of a stage', () => {
    const scene = createRecoveryScene({ recovery: { stage_share: 0.1 } });
    scene.fleet.queue('g3', { ready: 0, unacked: 1, consumers: 20, published: 10, acked: 5 });
    for (let index = 1; index < 20; index++) scene.fleet.container(`paddle-worker-gpu1-${index}`);
    scene.work(W);
    scene.untilStuck();
    const away = (count: number) =>
      new Map(
        Array.from({ length: count }, (_, index) => [
          `paddle-worker-gpu1-${index + 1}`,
          flight(`paddle-worker-gpu1-${index + 1}`, { phase: 'verifying' }),
        ]),
      );
    scene.memory = { ...scene.memory, inFlight: away(1) };
    assert.equal(scene.planOf(W)?.decision, 'restart');
    scene.memory = { ...scene.memory, inFlight: away(2) };
    assert.equal(scene.planOf(W)?.reason, 'stage_share');
  });
});

describe('a restart by hand', () => {
  it('is refused for a worker that is well, and done with force', () => {
    const scene = createRecoveryScene({ recovery: { enabled: false } });
    scene.work(W);
    scene.fleet.judgeFor(30);
    assert.equal(scene.byHand(W)?.reason, 'not_stuck');
    assert.match(scene.byHand(W)?.text ?? '', /^it is not stuck: active \(works at page 3 of 10/);
    const forced = scene.byHand(W, true);
    assert.deepEqual([forced?.decision, forced?.reason], ['restart', 'asked_for']);
  });

  it('is done for a stuck worker although recovery is off and a dry run', () => {
    const scene = createRecoveryScene({ recovery: { enabled: false, dry_run: true } });
    scene.work(W);
    scene.untilStuck();
    assert.equal(scene.byHand(W)?.decision, 'restart');
  });

  it('finds the container by name and by the beginning of its id, and workers only', () => {
    const scene = createRecoveryScene();
    scene.work(W, { container: { id: 'c0ffee1234567890' } });
    scene.fleet.container('rabbitmq');
    scene.fleet.judgeFor(10);
    assert.equal(scene.byHand('c0ffee12')?.name, W);
    assert.equal(scene.byHand('c0ff'), undefined);
    assert.equal(scene.byHand('rabbitmq'), undefined);
    assert.equal(scene.byHand('nobody'), undefined);
  });

  it('heeds budgets and common causes without force', () => {
    const scene = createRecoveryScene();
    scene.work(W);
    scene.untilStuck();
    restartedAgo(scene, W, [20, 12, 6]);
    assert.equal(scene.byHand(W)?.reason, 'container_budget');
    assert.equal(scene.byHand(W, true)?.decision, 'restart');
  });

  it('may be of a starved worker, whose card names the command', () => {
    const scene = createRecoveryScene();
    scene.fleet.container(W);
    scene.fleet.queue('g3', { ready: 5, unacked: 0, consumers: 0, published: 10, acked: 5 });
    scene.fleet.judgeFor(300);
    assert.equal(scene.fleet.statusOf(W), 'starved');
    assert.equal(scene.byHand(W)?.decision, 'restart');
    assert.equal(scene.planOf(W), undefined, 'by itself it is not restarted');
  });

  it('may be of one that fails its health check', () => {
    const scene = createRecoveryScene();
    scene.work(W, { container: { health: 'unhealthy' } });
    scene.fleet.judgeFor(300);
    assert.notEqual(scene.byHand(W)?.reason, 'not_stuck');
  });

  it('is left to Swarm where nothing tells the slot that another task would take', () => {
    const scene = createRecoveryScene();
    scene.work(W, { container: { labels: { 'com.docker.swarm.service.id': 'i2a2' } } });
    scene.untilStuck();
    assert.equal(scene.byHand(W, true)?.reason, 'supervised');
    assert.match(
      scene.planOf(W)?.text ?? '',
      /^Swarm \(task of service i2a2\) .*: docker service update --force i2a2$/,
    );
  });

  it('is left to the program that starts it again when it ends, even when it is forced', () => {
    const scene = createRecoveryScene();
    scene.work(W, { container: { labels: { PODMAN_SYSTEMD_UNIT: 'worker.service' } } });
    scene.untilStuck();
    for (const isForced of [false, true]) assert.equal(scene.byHand(W, isForced)?.reason, 'supervised');
    const plan = scene.planOf(W);
    assert.equal(plan?.decision, 'notify');
    assert.match(
      plan?.text ?? '',
      /^systemd \(unit worker\.service\) starts it .*: systemctl restart worker\.service$/,
    );
  });

  it('is not even forced while the same worker is being restarted, or cannot be remembered', () => {
    const scene = createRecoveryScene();
    scene.work(W);
    scene.untilStuck();
    scene.canRemember = false;
    assert.equal(scene.byHand(W, true)?.reason, 'cannot_remember');
    scene.canRemember = true;
    scene.memory = { ...scene.memory, inFlight: new Map([[W, flight(W)]]) };
    assert.equal(scene.byHand(W, true)?.reason, 'in_flight');
    scene.memory = { ...scene.memory, inFlight: new Map([['x', flight('x')]]) };
    assert.equal(scene.byHand(W, true)?.reason, 'one_at_a_time');
  });
});

describe('what is remembered of a container', () => {
  const look = (scene: RecoveryScene, seen: object) =>
    withLook(scene.memory, {
      nowMs: scene.fleet.nowMs,
      config: scene.config.recovery,
      seen: () => ({ isWell: false, isChangedElsewhere: false, isRunning: true, ...seen }),
      isOpen: () => false,
    });

  it('is the streak until it has been well for long enough', () => {
    const scene = createRecoveryScene();
    restartedAgo(scene, W, [2, 1]);
    scene.memory = look(scene, { isWell: true });
    scene.fleet.pass(9 * 60);
    scene.memory = look(scene, { isWell: true });
    assert.equal(scene.memory.containers.get(W)?.streak, 2);
    scene.fleet.pass(70);
    scene.memory = look(scene, { isWell: true });
    assert.equal(scene.memory.containers.get(W)?.streak, 0);
  });

  it('is that its budget was used up, until all its restarts have left the window', () => {
    const scene = createRecoveryScene();
    restartedAgo(scene, W, [20, 12, 6]);
    scene.memory = look(scene, {});
    assert.notEqual(scene.memory.containers.get(W)?.exhaustedAtMs, undefined);
    scene.fleet.pass(23 * 60);
    scene.memory = look(scene, {});
    assert.notEqual(scene.memory.containers.get(W)?.exhaustedAtMs, undefined);
    scene.fleet.pass(2 * 60);
    scene.memory = look(scene, {});
    assert.equal(scene.memory.containers.get(W)?.exhaustedAtMs, undefined);
  });

  it('is forgotten when a person or a deployment changes it', () => {
    const scene = createRecoveryScene();
    restartedAgo(scene, W, [20, 12, 6]);
    assert.equal(look(scene, { isChangedElsewhere: true }).containers.size, 0);
  });
});
