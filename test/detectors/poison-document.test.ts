import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderFindings } from '../../src/views/findings-json.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { end, fail, found, job, openedWhile, stageFleet, succeed } from '../support/pipeline-events.js';

const ONE = 'paddle-worker-gpu0-0';
const TWO = 'paddle-worker-gpu1-0';

function pair(): JudgedFleet {
  const fleet = stageFleet();
  for (const name of [ONE, TWO]) fleet.container(name, { labels: { 'com.docker.compose.project': 'run' } });
  fleet.judgeFor(5);
  return fleet;
}

const ORCHESTRATOR = 'orchestrator-1';

/** An orchestrator carries PMC7, which has crashed both workers; they run again. */
function poisoned(): JudgedFleet {
  const fleet = pair();
  fleet.container(ORCHESTRATOR);
  fleet.progress(ORCHESTRATOR, { role: 'orchestrator', document: 'PMC7', stage: 'G3', state: 'waiting' });
  for (const worker of [ONE, TWO]) {
    fleet.progress(worker, job(fleet, { document: 'PMC7' }));
    fleet.judgeFor(5);
    end(fleet, worker, 139);
    fleet.judgeFor(5);
    fleet.progress(worker, undefined);
    fleet.container(worker, { startedAtMs: fleet.nowMs });
  }
  fleet.judgeFor(35);
  assert.ok(found(fleet, 'PoisonDocument'));
  return fleet;
}

/** Takes the document up, and ends it well or with a sentinel of its failure. */
function work(
  fleet: JudgedFleet,
  worker: string,
  document: string,
  how: 'ok' | 'fails' | 'fails unnamed',
): void {
  fleet.progress(worker, job(fleet, { document }));
  fleet.judgeFor(5);
  if (how === 'ok') succeed(fleet, document);
  else fail(fleet, document, how === 'fails' ? worker : undefined, `${document}-${worker}`);
  fleet.progress(worker, undefined);
  fleet.judgeFor(5);
}

function workAll(
  fleet: JudgedFleet,
  worker: string,
  documents: readonly string[],
  how: 'ok' | 'fails',
): void {
  for (const document of documents) work(fleet, worker, document, how);
}

describe('a document', () => {
  it('that fails on two workers, which do well otherwise, is poison', () => {
    const fleet = pair();
    for (const worker of [ONE, TWO]) {
      workAll(fleet, worker, ['a', 'b'], 'ok');
      work(fleet, worker, 'PMC7', 'fails');
      workAll(fleet, worker, ['c', 'd'], 'ok');
    }
    fleet.judgeFor(15);
    assert.equal(found(fleet, 'PoisonDocument')?.summary, 'PMC7 brought down 2 workers');
  });

  it('is poison though its failure sentinels name no worker', () => {
    const fleet = pair();
    for (const worker of [ONE, TWO]) work(fleet, worker, 'PMC7', 'fails unnamed');
    fleet.judgeFor(30);
    assert.match(
      found(fleet, 'PoisonDocument')?.evidence.join('\n') ?? '',
      /failed paddle-worker-gpu0-0 at G3/,
    );
  });

  it('is poison though only the state of its jobs tells that they failed', () => {
    const fleet = pair();
    for (const worker of [ONE, TWO]) {
      fleet.progress(worker, job(fleet, { document: 'PMC7' }));
      fleet.judgeFor(5);
      fleet.progress(worker, job(fleet, { document: 'PMC7', state: 'failed' }));
      fleet.judgeFor(5);
    }
    fleet.judgeFor(30);
    assert.ok(found(fleet, 'PoisonDocument'));
  });

  it('is poison when it crashed one worker and failed another', () => {
    const fleet = pair();
    fleet.progress(ONE, job(fleet, { document: 'PMC7' }));
    fleet.judgeFor(5);
    end(fleet, ONE, 139);
    fleet.judgeFor(5);
    work(fleet, TWO, 'PMC7', 'fails');
    fleet.judgeFor(30);
    assert.match(found(fleet, 'PoisonDocument')?.evidence.join('\n') ?? '', /crashed .*\nfailed /);
  });

  for (const [what, isCarried, ready] of [
    ['an orchestrator carries it', true, 0],
    ['its message may wait in the queue', false, 3],
  ] as const) {
    it(`that crashed two workers is reported for as long as ${what}`, () => {
      const fleet = poisoned();
      fleet.queue('g3', { ready });
      if (!isCarried) fleet.progress(ORCHESTRATOR, undefined);
      fleet.judgeFor(600);
      assert.ok(found(fleet, 'PoisonDocument'));
    });
  }

  it('that crashed two workers is over when its orchestrator has given it up and no message waits', () => {
    const fleet = poisoned();
    fleet.queue('g3', { ready: 0 });
    fleet.judgeFor(60);
    fleet.progress(ORCHESTRATOR, undefined);
    fleet.judgeFor(120);
    assert.ok(found(fleet, 'PoisonDocument'), 'it is reported for five minutes at least');
    fleet.judgeFor(180);
    assert.equal(found(fleet, 'PoisonDocument'), undefined);
    fleet.queue('g3', { ready: 3 });
    fleet.judgeFor(60);
    assert.equal(found(fleet, 'PoisonDocument'), undefined, 'what waits now came later');
    fleet.progress(ORCHESTRATOR, { role: 'orchestrator', document: 'PMC7', stage: 'G3', state: 'waiting' });
    fleet.judgeFor(60);
    assert.ok(found(fleet, 'PoisonDocument'), 'it is sent again');
  });

  it('that crashed two workers is over though the file of a dead worker still names it', () => {
    const fleet = poisoned();
    fleet.queue('g3', { ready: 0 });
    fleet.progress(ORCHESTRATOR, undefined);
    fleet.progress(TWO, job(fleet, { document: 'PMC7' }));
    fleet.judgeFor(60);
    end(fleet, TWO, 139);
    fleet.judgeFor(5);
    fleet.container(TWO, { startedAtMs: fleet.nowMs });
    fleet.judgeFor(600);
    assert.equal(found(fleet, 'PoisonDocument'), undefined);
  });

  it('that failed twice on one worker, under its name and its id, is none', () => {
    const fleet = pair();
    fleet.container(ONE, { id: '0123456789abcdef' });
    workAll(fleet, ONE, ['a'], 'ok');
    fail(fleet, 'PMC7', ONE, 'first');
    fail(fleet, 'PMC7', '0123456789ab', 'second');
    assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 120), []);
  });

  it('whose failures nobody can be named for is none', () => {
    const fleet = pair();
    for (const path of ['first', 'second']) fail(fleet, 'PMC7', undefined, path);
    assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 120), []);
  });
});

describe('documents that two workers fail one after the other for a cause of their own', () => {
  const documents = ['a', 'b', 'c', 'd', 'e'];

  it('are no poison, whether the workers did well before or not', () => {
    for (const isGoodBefore of [true, false]) {
      const fleet = pair();
      for (const worker of [ONE, TWO]) {
        if (isGoodBefore) workAll(fleet, worker, ['u', 'v', 'w', 'x', 'y', 'z'], 'ok');
        workAll(fleet, worker, documents, 'fails');
      }
      assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 120), []);
    }
  });

  it('are no poison while both fail them in turn', () => {
    const fleet = pair();
    for (const document of documents) for (const worker of [ONE, TWO]) work(fleet, worker, document, 'fails');
    assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 120), []);
  });

  it('are no poison where the worker fails most, not all', () => {
    const fleet = pair();
    for (const worker of [ONE, TWO]) {
      for (const document of documents) {
        work(fleet, worker, document, 'fails');
        if (document === 'b' || document === 'd') work(fleet, worker, `good-${document}`, 'ok');
      }
    }
    assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 120), []);
  });

  it('hide a poisoned one only until they are repaired', () => {
    const fleet = pair();
    for (const worker of [ONE, TWO]) workAll(fleet, worker, ['p', 'q'], 'fails');
    assert.deepEqual(openedWhile(fleet, 'PoisonDocument', 60), [], 'nobody knows yet whose fault it is');
    for (const worker of [ONE, TWO]) workAll(fleet, worker, ['r', 's'], 'ok');
    fleet.judgeFor(35);
    assert.ok(found(fleet, 'PoisonDocument'), 'the workers do well, so it was the documents');
  });
});

describe('a document that crashes whoever takes it', () => {
  const three = [ONE, TWO, 'paddle-worker-gpu1-1'] as const;

  /** Three workers, one after the other, and an orchestrator that waits for the document. */
  function poisoned(gapSeconds: number): JudgedFleet {
    const fleet = stageFleet();
    for (const name of three) fleet.container(name);
    fleet.container('orchestrator-1');
    const waits = { role: 'orchestrator', state: 'waiting', stage: 'G3', document: 'PMC7' };
    fleet.progress('orchestrator-1', waits);
    fleet.queue('g3', { ready: 4, unacked: 1, consumers: 3 });
    fleet.judgeFor(5);
    for (const name of three) {
      fleet.progress(name, job(fleet, { document: 'PMC7' }));
      fleet.judgeFor(5);
      end(fleet, name, 139);
      fleet.judgeFor(gapSeconds);
    }
    fleet.judgeFor(60);
    return fleet;
  }

  for (const gapSeconds of [5, 40]) {
    it(`is the cause that leads, not its workers’ failing together (${gapSeconds}s apart)`, () => {
      const fleet = poisoned(gapSeconds);
      const open = [...fleet.evaluation.verdicts.findings.values()];
      assert.equal(found(fleet, 'CommonCause'), undefined);
      const kinds = new Map(open.map(({ kind, consequenceOf }) => [kind, consequenceOf]));
      for (const kind of ['WorkerDown', 'StageStalled'] as const) {
        assert.equal(kinds.get(kind), 'PoisonDocument:PMC7', `${kind} of ${[...kinds.keys()].join()}`);
      }
      const roots = open.filter(({ consequenceOf }) => consequenceOf === undefined);
      assert.deepEqual(
        roots.map(({ kind }) => kind),
        ['PoisonDocument'],
      );
      const [first] = renderFindings(fleet.evaluation.verdicts);
      assert.equal(first?.id, 'PoisonDocument:PMC7');
    });
  }

  it('is not the cause of a crash under another document', () => {
    const fleet = poisoned(5);
    fleet.container(ONE, { startedAtMs: fleet.nowMs });
    fleet.progress(ONE, job(fleet, { document: 'PMC8' }));
    fleet.judgeFor(200);
    end(fleet, ONE, 139);
    fleet.judgeFor(60);
    const down = fleet.evaluation.verdicts.findings.get(`WorkerDown:${ONE}`);
    assert.ok(down);
    assert.equal(down.consequenceOf, undefined);
  });

  it('leaves a common cause of others what it is', () => {
    const fleet = poisoned(5);
    const others = [4, 5, 6, 7].map((index) => `paddle-worker-gpu0-${index}`);
    for (const name of others) {
      fleet.container(name);
      fleet.progress(name, job(fleet, { document: `of-${name}` }));
    }
    fleet.judgeFor(10);
    for (const name of others) end(fleet, name, 139);
    fleet.judgeFor(60);
    assert.match(found(fleet, 'CommonCause')?.summary ?? 'none', /^4 of 4 workers/);
    assert.equal(
      fleet.evaluation.verdicts.findings.get(`WorkerDown:${ONE}`)?.consequenceOf,
      'PoisonDocument:PMC7',
    );
  });
});
