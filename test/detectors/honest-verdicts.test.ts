import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';
import {
  end,
  event,
  found,
  gpu,
  job,
  OTHER,
  openedWhile,
  readGpus,
  stageFleet,
  W,
} from '../support/pipeline-events.js';

/** Has a job from now on, and uses no CPU. */
function hang(fleet: JudgedFleet, name = W): void {
  fleet.container(name);
  fleet.cpu(name, 100);
  fleet.progress(name, job(fleet, { document: `of-${name}` }));
}

describe('workers that nobody could judge for a while', () => {
  it('are down since they went down, and did not turn bad together when they were seen again', () => {
    const fleet = stageFleet();
    const names = [W, OTHER, `${OTHER}9`];
    for (const name of names) {
      fleet.container(name, { state: 'exited', exitCode: 1, finishedAtMs: fleet.nowMs });
      fleet.judgeFor(600);
    }
    const sinceOf = (name: string) => fleet.evaluation.verdicts.workers.get(name)?.sinceMs ?? 0;
    const before = names.map(sinceOf);
    fleet.setUp('docker', false);
    fleet.judgeFor(300);
    assert.equal(fleet.statusOf(W), 'unknown');
    fleet.setUp('docker', true);
    assert.deepEqual(openedWhile(fleet, 'CommonCause', 60), []);
    const [first = 0, second = 0, third = 0] = names.map(sinceOf);
    assert.deepEqual([second - first, third - second], [600_000, 600_000]);
    assert.ok(first >= (before[0] ?? 0) && first < fleet.nowMs - 600_000);
  });
});

describe('a worker whose container was paused in the midst of its job', () => {
  it('is not stuck by the time of the pause', () => {
    const fleet = stageFleet();
    hang(fleet);
    fleet.judgeFor(60);
    fleet.container(W, { state: 'paused' });
    fleet.judgeFor(1200);
    assert.equal(fleet.statusOf(W), 'down');
    fleet.container(W, {});
    assert.deepEqual(openedWhile(fleet, 'WorkerStuck', 120), []);
    assert.equal(fleet.statusOf(W), 'active');
  });

  it('is stuck when nothing moves for its limit after it', () => {
    const fleet = stageFleet();
    hang(fleet);
    fleet.container(W, { state: 'paused' });
    fleet.judgeFor(600);
    fleet.container(W, {});
    fleet.judgeFor(330);
    assert.equal(fleet.statusOf(W), 'stuck');
  });
});

describe('a worker whose GPU alone shows that it moves', () => {
  function onOwnGpu(): JudgedFleet {
    const fleet = stageFleet();
    readGpus(fleet, gpu('1', { utilizationRatio: 0.9 }));
    hang(fleet);
    fleet.judgeFor(400);
    assert.equal(fleet.statusOf(W), 'slow');
    return fleet;
  }

  it('is not stuck because the exporter cannot be read', () => {
    const fleet = onOwnGpu();
    fleet.setUp('dcgm', false);
    assert.deepEqual(openedWhile(fleet, 'WorkerStuck', 900), []);
    assert.equal(fleet.statusOf(W), 'slow');
  });

  it('stays stuck, unconfirmed, when it was so before', () => {
    const fleet = onOwnGpu();
    readGpus(fleet, gpu('1', { utilizationRatio: 0 }));
    fleet.judgeFor(20);
    assert.ok(found(fleet, 'WorkerStuck'));
    fleet.setUp('dcgm', false);
    fleet.judgeFor(300);
    assert.equal(found(fleet, 'WorkerStuck')?.isUnconfirmed, true);
  });

  it('is stuck although the exporter is away where others share the GPU: it could tell nothing', () => {
    const fleet = stageFleet();
    readGpus(fleet, gpu('1', { utilizationRatio: 0.9 }));
    hang(fleet);
    fleet.container('paddle-worker-gpu1-9');
    fleet.setUp('dcgm', false);
    fleet.judgeFor(400);
    assert.equal(fleet.statusOf(W), 'stuck');
  });
});

describe('an only worker whose acks show that it moves', () => {
  it('is not stuck because the broker cannot be read', () => {
    const fleet = stageFleet();
    hang(fleet);
    for (let minute = 0; minute < 7; minute++) {
      fleet.queue('g3', { ready: 9, consumers: 1, unacked: 1, acked: minute });
      fleet.judgeFor(60);
    }
    assert.equal(fleet.statusOf(W), 'slow');
    fleet.setUp('rabbitmq', false);
    assert.deepEqual(openedWhile(fleet, 'WorkerStuck', 900), []);
  });
});

describe('an orchestrator whose document nobody is known to have', () => {
  const O = 'orchestrator-1';

  function waiting(worker: object): JudgedFleet {
    const fleet = stageFleet();
    fleet.queue('g3', { ready: 0, consumers: 1, unacked: 1 });
    fleet.container(W);
    fleet.container(O);
    fleet.progress(O, { role: 'orchestrator', state: 'waiting', stage: 'G3', document: 'PMC1' });
    for (let minute = 0; minute < 40; minute++) {
      fleet.progress(W, job(fleet, { done: minute, started_at: 1_763_900_000, ...worker }));
      fleet.cpu(W, minute * 60);
      fleet.judgeFor(60);
    }
    return fleet;
  }

  it('waits while a worker of the stage tells no document', () => {
    assert.equal(waiting({ document: undefined }).statusOf(O), 'waiting');
  });

  it('waits while a worker of the stage has one under another name', () => {
    assert.equal(waiting({ document: 'PMC1.pdf' }).statusOf(O), 'waiting');
  });

  it('is stuck when each worker of the stage has what another waits for', () => {
    const fleet = waiting({ document: 'PMC2' });
    fleet.container('orchestrator-2');
    fleet.progress('orchestrator-2', {
      role: 'orchestrator',
      state: 'waiting',
      stage: 'G3',
      document: 'PMC2',
    });
    fleet.judgeFor(30);
    assert.equal(fleet.statusOf(O), 'stuck');
  });
});

describe('a worker of which the engine answers nothing readable', () => {
  it('stays, and is unknown', () => {
    const fleet = stageFleet();
    fleet.container(W);
    fleet.judgeFor(5);
    const id = `id-of-${W}`;
    fleet.store.apply({
      kind: 'containers-listed',
      askedAtMs: fleet.nowMs + 1,
      atMs: fleet.nowMs + 2,
      containers: [],
      kept: [id],
    });
    fleet.store.apply({ kind: 'container-unreadable', id, problem: 'State: expected text' });
    fleet.judgeFor(300);
    assert.equal(fleet.statusOf(W), 'unknown');
    assert.deepEqual(fleet.open(), []);
    fleet.container(W);
    fleet.judgeFor(5);
    assert.notEqual(fleet.statusOf(W), 'unknown');
  });
});

describe('a common cause', () => {
  it('explains nothing that was told long before it began', () => {
    const fleet = stageFleet();
    fleet.container(OTHER);
    end(fleet, OTHER, 139);
    fleet.judgeFor(1200);
    assert.ok(found(fleet, 'WorkerDown'));
    fleet.setUp('rabbitmq', false);
    fleet.judgeFor(120);
    assert.equal(found(fleet, 'WorkerDown')?.consequenceOf, undefined);
    fleet.container(W);
    end(fleet, W, 1);
    fleet.judgeFor(60);
    const down = [...fleet.evaluation.verdicts.findings.values()].filter(({ kind }) => kind === 'WorkerDown');
    assert.deepEqual(
      down.map(({ consequenceOf }) => consequenceOf),
      [undefined, 'CommonCause:broker'],
    );
  });
});

describe('workers of several stages that end at the same time', () => {
  function causeOf(queue: object): string {
    const stages = ['G3', 'G5'].map((id) => ({
      id,
      queue: id.toLowerCase(),
      workers: `${id.toLowerCase()}-worker-*`,
    }));
    const fleet = stageFleet({ stages });
    const names = ['g3', 'g5'].flatMap((stage) => [0, 1, 2, 3].map((number) => `${stage}-worker-${number}`));
    for (const name of names) fleet.container(name);
    for (const name of ['g3', 'g5']) fleet.queue(name, { ready: 1, consumers: 4 });
    fleet.judgeFor(30);
    for (const name of ['g3', 'g5']) fleet.queue(name, queue);
    for (const name of names) end(fleet, name, 1);
    fleet.judgeFor(90);
    const { summary = '', evidence = [] } = found(fleet, 'CommonCause') ?? {};
    return [summary, ...evidence].join('\n');
  }

  it('have the deletion of their queues as the cause, where these are gone', () => {
    const cause = causeOf({ status: 'missing' });
    assert.match(cause, /^queues g3, g5 are not on the broker; 8 of 8 workers/);
    assert.match(cause, /declare it again, then restart the workers/);
    assert.doesNotMatch(cause, /disk, network or memory/);
  });

  it('have a fault of the host as the cause, where their queues are there', () => {
    const cause = causeOf({ ready: 1, consumers: 0 });
    assert.match(cause, /disk, network or memory/);
    assert.doesNotMatch(cause, /not on the broker/);
  });
});

describe('infrastructure', () => {
  it('is not down because a helper beside it has done its part', () => {
    const fleet = stageFleet();
    fleet.container('rabbitmq');
    fleet.container('rabbitmq-init');
    end(fleet, 'rabbitmq-init', 0);
    assert.deepEqual(openedWhile(fleet, 'InfrastructureDown', 300), []);
    end(fleet, 'rabbitmq', 0);
    fleet.judgeFor(60);
    assert.ok(found(fleet, 'InfrastructureDown'), 'the one that serves has ended');
  });
});

describe('an idle worker that may hold a message it does not tell of', () => {
  /** Two workers, one consumer, and nobody says how many messages are in hand. */
  function idlePair(): JudgedFleet {
    const fleet = stageFleet();
    for (const name of [W, OTHER]) fleet.container(name);
    fleet.queue('g3', { ready: 4, consumers: 1 });
    return fleet;
  }

  it('is not starved while it uses CPU', () => {
    const fleet = idlePair();
    for (let step = 0; step < 24; step++) {
      fleet.cpu(W, step * 5);
      fleet.cpu(OTHER, 1);
      fleet.judgeFor(5);
    }
    assert.equal(fleet.statusOf(W), 'idle');
    assert.equal(fleet.statusOf(OTHER), 'starved');
  });
});

describe('a job whose worker’s clock is far behind', () => {
  it('is not older than its container', () => {
    const fleet = createJudgedFleet({ detection: { max_job: '30m' } });
    fleet.container(W, { startedAtMs: fleet.nowMs });
    event(fleet, `id-of-${W}`, 'start');
    fleet.pass(60);
    const behind = fleet.nowMs / 1000 - 3600;
    fleet.progress(W, job(fleet, { started_at: behind, updated_at: behind }));
    fleet.pass(40);
    fleet.progress(W, job(fleet, { done: 13, started_at: behind, updated_at: behind + 40 }));
    fleet.judgeFor(10);
    assert.equal(fleet.statusOf(W), 'active');
  });
});
