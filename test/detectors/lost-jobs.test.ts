import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation, type Evaluation } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { containerFacts } from '../support/build-fleet.js';
import { type JudgedFleet, T0 } from '../support/judged-fleet.js';
import {
  createAgain,
  end,
  event,
  fail,
  found,
  job,
  OTHER,
  openedWhile,
  remove,
  stageFleet,
  succeed,
  W,
} from '../support/pipeline-events.js';

const ID = `id-of-${W}`;

/** At work, and seen so. */
function atWork(more: object = {}): JudgedFleet {
  const fleet = stageFleet();
  fleet.container(W);
  fleet.progress(W, job(fleet, more));
  fleet.judgeFor(10);
  return fleet;
}

/** What happens to the worker; its progress file stays where it is unless the case takes it away. */
const LOST: Readonly<Record<string, (fleet: JudgedFleet) => void>> = {
  'crashes and is removed at once'(fleet) {
    event(fleet, ID, 'die', 139);
    remove(fleet, ID);
  },
  'crashes, is removed and created anew at once'(fleet) {
    event(fleet, ID, 'die', 139);
    remove(fleet, ID);
    createAgain(fleet, W);
  },
  'crashes and is removed, with its file'(fleet) {
    event(fleet, ID, 'die', 139);
    remove(fleet, ID);
    fleet.pass(5);
    fleet.progress(W, undefined);
  },
  'crashes and is started again by its policy, and clears its file away'(fleet) {
    event(fleet, ID, 'die', 139);
    event(fleet, ID, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs + 200, restartCount: 1, hasRestartPolicy: true });
    fleet.pass(5);
    fleet.progress(W, undefined);
  },
  'crashes, is started again at once, and has its file cleared away a second later'(fleet) {
    end(fleet, W, 139);
    fleet.pass(1);
    fleet.progress(W, undefined);
    event(fleet, ID, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs, restartCount: 1, hasRestartPolicy: true });
  },
  'crashes, is started again at once, and begins another job a second later'(fleet) {
    end(fleet, W, 139);
    fleet.pass(1);
    event(fleet, ID, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs, restartCount: 1, hasRestartPolicy: true });
    fleet.progress(W, job(fleet, { document: 'PMC2', done: 0 }));
  },
  'begins another job, and crashes before anybody looked'(fleet) {
    succeed(fleet, 'PMC1');
    fleet.progress(W, job(fleet, { document: 'PMC2', done: 1 }));
    event(fleet, ID, 'die', 139);
    remove(fleet, ID);
  },
  'begins another job, crashes and has its file cleared away before anybody looked'(fleet) {
    succeed(fleet, 'PMC1');
    fleet.progress(W, undefined);
    fleet.pass(1);
    fleet.progress(W, job(fleet, { document: 'PMC2', done: 1 }));
    fleet.pass(1);
    event(fleet, ID, 'die', 139);
    fleet.pass(0.2);
    event(fleet, ID, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs, restartCount: 1, hasRestartPolicy: true });
    fleet.progress(W, undefined);
  },
  'is gone, and nobody saw how'(fleet) {
    remove(fleet, ID);
  },
  'crashes while an older sentinel of the document lies there'(fleet) {
    fleet.store.apply({
      kind: 'sentinel-seen',
      sentinel: { outcome: 'success', stage: 'G3', document: 'PMC1', atMs: fleet.nowMs - 3_600_000 },
    });
    end(fleet, W, 139);
  },
  'exits with code 0 in the midst of its job, and nobody asked for it'(fleet) {
    end(fleet, W, 0);
  },
};

const KEPT: Readonly<Record<string, (fleet: JudgedFleet) => void>> = {
  'is stopped on request and created anew'(fleet) {
    end(fleet, W, 143, true);
    fleet.judgeFor(10);
    remove(fleet, ID);
    createAgain(fleet, W);
  },
  'is stopped on request and created anew between two looks'(fleet) {
    event(fleet, ID, 'stop');
    event(fleet, ID, 'die', 143);
    remove(fleet, ID);
    createAgain(fleet, W);
  },
  'is stopped on request and removed'(fleet) {
    event(fleet, ID, 'stop');
    event(fleet, ID, 'die', 137);
    remove(fleet, ID);
  },
  'is stopped on request and started again'(fleet) {
    end(fleet, W, 143, true);
    event(fleet, ID, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs + 1000 });
  },
  'is created anew while the engine is away'(fleet) {
    fleet.setUp('docker', false);
    fleet.judgeFor(120);
    fleet.setUp('docker', true);
    remove(fleet, ID);
    const startedAtMs = fleet.nowMs - 60_000;
    fleet.container(W, { id: 'another', createdAtMs: startedAtMs, startedAtMs });
  },
  'wrote its success sentinel, and crashes before it takes its file away'(fleet) {
    succeed(fleet, 'PMC1');
    end(fleet, W, 139);
  },
  'crashes, and its success sentinel is seen a little later'(fleet) {
    end(fleet, W, 139);
    fleet.judgeFor(15);
    succeed(fleet, 'PMC1');
  },
  'ends its job, and crashes before anybody looked'(fleet) {
    fleet.progress(W, undefined);
    fleet.pass(3);
    event(fleet, ID, 'die', 139);
    remove(fleet, ID);
  },
  'ends a job well, takes its file away, and ends with code 0 a moment before that is seen'(fleet) {
    end(fleet, W, 0);
    fleet.pass(1);
    fleet.progress(W, undefined);
  },
  'ends a job well, and crashes a moment before that is seen'(fleet) {
    end(fleet, W, 1);
    fleet.pass(1);
    fleet.progress(W, undefined);
    fleet.judgeFor(5);
    succeed(fleet, 'PMC1');
  },
  'crashes, and another takes its document up at once'(fleet) {
    fleet.container(OTHER);
    end(fleet, W, 139);
    fleet.progress(OTHER, job(fleet));
  },
};

describe('a job whose worker', () => {
  for (const [what, happen] of Object.entries(LOST)) {
    it(`${what} is orphaned`, () => {
      const fleet = atWork();
      happen(fleet);
      fleet.judgeFor(45);
      assert.match(found(fleet, 'JobOrphaned')?.summary ?? 'nothing', /was in hand when its container died/);
    });
  }

  for (const [what, happen] of Object.entries(KEPT)) {
    it(`${what} is not orphaned`, () => {
      const fleet = atWork();
      happen(fleet);
      assert.deepEqual(openedWhile(fleet, 'JobOrphaned', 400), []);
    });
  }
});

describe('an orphaned job', () => {
  function orphaned(more: object = {}): JudgedFleet {
    const fleet = atWork(more);
    end(fleet, W, 139);
    fleet.judgeFor(45);
    assert.ok(found(fleet, 'JobOrphaned'));
    return fleet;
  }

  for (const [what, settle] of Object.entries<(fleet: JudgedFleet) => void>({
    'a success sentinel comes': (fleet) => succeed(fleet, 'PMC1'),
    'a failure sentinel comes': (fleet) => fail(fleet, 'PMC1'),
    'another worker has the document in hand'(fleet) {
      fleet.container(OTHER);
      fleet.progress(OTHER, job(fleet));
    },
  })) {
    it(`is none any more when ${what}`, () => {
      const fleet = orphaned();
      settle(fleet);
      fleet.judgeFor(10);
      assert.equal(found(fleet, 'JobOrphaned'), undefined);
      assert.deepEqual(openedWhile(fleet, 'JobOrphaned', 400), [], 'its file still lies there');
    });
  }

  it('stays one while the dead worker’s file lies there without a container', () => {
    const fleet = orphaned();
    remove(fleet, ID);
    fleet.judgeFor(300);
    assert.ok(found(fleet, 'JobOrphaned'));
  });

  it('that told no document is taken up with the next job of its stage', () => {
    const fleet = orphaned({ document: undefined });
    fleet.container(OTHER);
    fleet.progress(OTHER, job(fleet, { document: undefined }));
    fleet.judgeFor(10);
    assert.equal(found(fleet, 'JobOrphaned'), undefined);
  });
});

describe('an orphaned job that an orchestrator waits for', () => {
  const O = 'orchestrator-1';
  const carry = (fleet: JudgedFleet, document: string | undefined, state = 'waiting'): void =>
    fleet.progress(O, { role: 'orchestrator', state, stage: 'G3', ...(document && { document }) });

  function awaited(): JudgedFleet {
    const fleet = stageFleet();
    for (const name of [W, O]) fleet.container(name);
    carry(fleet, 'PMC1');
    fleet.progress(W, job(fleet));
    fleet.judgeFor(10);
    end(fleet, W, 139);
    fleet.judgeFor(45);
    assert.match(found(fleet, 'JobOrphaned')?.clearsWhen ?? '', /no orchestrator carries the document/);
    return fleet;
  }

  it('stays as long as it waits', () => {
    const fleet = awaited();
    fleet.judgeFor(3 * 3600);
    assert.ok(found(fleet, 'JobOrphaned'));
  });

  for (const [what, release] of Object.entries<(fleet: JudgedFleet) => void>({
    'has another document': (fleet) => carry(fleet, 'PMC2'),
    'is done': (fleet) => carry(fleet, 'PMC1', 'done'),
    'says nothing any more': (fleet) => fleet.progress(O, undefined),
    'was stopped': (fleet) => end(fleet, O, 0, true),
    'is gone': (fleet) => remove(fleet, `id-of-${O}`),
  })) {
    it(`is over when the orchestrator ${what}`, () => {
      const fleet = awaited();
      release(fleet);
      fleet.judgeFor(20);
      assert.ok(found(fleet, 'JobOrphaned'), 'it may take it up again');
      if (what === 'is gone') fleet.progress(O, undefined);
      fleet.judgeFor(30);
      assert.equal(found(fleet, 'JobOrphaned'), undefined);
      assert.deepEqual(openedWhile(fleet, 'JobOrphaned', 400), []);
    });
  }

  it('stays while its progress cannot be read', () => {
    const fleet = awaited();
    fleet.setUp('progress', false);
    fleet.judgeFor(600);
    assert.ok(found(fleet, 'JobOrphaned'));
  });
});

describe('an orphaned job of which nobody says who waits', () => {
  it('is over after two hours, and says so', () => {
    const fleet = atWork();
    end(fleet, W, 139);
    fleet.judgeFor(60);
    assert.match(found(fleet, 'JobOrphaned')?.clearsWhen ?? '', /2h00m after its worker died/);
    fleet.judgeFor(7000);
    assert.ok(found(fleet, 'JobOrphaned'));
    fleet.judgeFor(200);
    assert.equal(found(fleet, 'JobOrphaned'), undefined);
  });
});

describe('a document that was lost with several workers', () => {
  it('is one finding, a consequence of the document', () => {
    const fleet = stageFleet();
    for (const name of [W, OTHER]) {
      fleet.container(name);
      fleet.progress(name, job(fleet));
      fleet.judgeFor(5);
      end(fleet, name, 139);
    }
    fleet.judgeFor(60);
    const orphans = [...fleet.evaluation.verdicts.findings.values()].filter(
      ({ kind }) => kind === 'JobOrphaned',
    );
    assert.deepEqual(
      orphans.map(({ key, subject, consequenceOf }) => [key, subject.container, consequenceOf]),
      [['G3 PMC1', OTHER, 'PoisonDocument:PMC1']],
    );
  });
});

describe('a job that may be in its queue again', () => {
  it('is orphaned only when nobody has taken it up for long', () => {
    const fleet = atWork();
    fleet.queue('g3', { ready: 7, consumers: 1 });
    end(fleet, W, 139);
    assert.deepEqual(openedWhile(fleet, 'JobOrphaned', 295), []);
    fleet.judgeFor(15);
    assert.match(found(fleet, 'JobOrphaned')?.evidence.join('\n') ?? '', /queue g3 has 7 messages/);
  });

  it('is orphaned once the queue has been empty', () => {
    const fleet = atWork();
    fleet.queue('g3', { ready: 7, consumers: 1 });
    end(fleet, W, 139);
    fleet.judgeFor(60);
    fleet.queue('g3', { ready: 0, consumers: 1 });
    fleet.judgeFor(10);
    assert.match(found(fleet, 'JobOrphaned')?.evidence.join('\n') ?? '', /waits in vain/);
  });
});

/** A fleet whose first sight is a file that was last written ten hours ago. */
function foundAtStart(startedMinutesAgo: number): Evaluation {
  const settings = configSchema.parse({});
  const store = createFleetStore(createClassifier(settings));
  const report = { name: W, document: 'PMC1', startedAtMs: T0 - 37_000_000, updatedAtMs: T0 - 36_000_000 };
  const file = { name: W, mtimeMs: T0 - 36_000_000, reading: { kind: 'report' as const, report } };
  const facts = containerFacts(W, {
    createdAtMs: T0 - 90_000_000,
    startedAtMs: T0 - startedMinutesAgo * 60_000,
  });
  store.apply({ kind: 'container-inspected', atMs: T0, facts });
  store.apply({
    kind: 'progress-swept',
    atMs: T0,
    isComplete: true,
    changed: [file],
    removed: [],
    skipped: 0,
  });
  return createEvaluation({ fleet: store.fleet, settings });
}

describe('a file that lies there when the daemon comes', () => {
  for (const [what, startedMinutesAgo, isFound] of [
    ['whose container was started again a little ago is of an orphan', 5, true],
    ['whose container was started again hours ago is no news', 300, false],
  ] as const) {
    it(what, () => {
      const evaluation = foundAtStart(startedMinutesAgo);
      const opened = [0, 60_000].flatMap((afterMs) => evaluation.evaluate(T0 + afterMs).opened);
      assert.equal(
        opened.some(({ kind }) => kind === 'JobOrphaned'),
        isFound,
      );
    });
  }
});
