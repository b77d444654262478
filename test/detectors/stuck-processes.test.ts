/** What the processes of a stuck worker wait for stands in its evidence, while it is about this wait. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';

const W = 'paddle-worker-gpu1-0';
const LINE = 'process 7 (python) waits for a lock';

function evidenceOf({ evaluation }: JudgedFleet): readonly string[] {
  return evaluation.verdicts.findings.get(`WorkerStuck:${W}`)?.evidence ?? [];
}

function readProcesses(fleet: JudgedFleet, lines: readonly string[]): void {
  const id = fleet.store.fleet.containers.get(W)?.id ?? '';
  fleet.store.apply({ kind: 'processes-read', atMs: fleet.nowMs, readings: [{ id, lines }] });
}

function stuck(beforeItsLastStep: (fleet: JudgedFleet) => void = () => undefined): JudgedFleet {
  const fleet = createJudgedFleet({ stages: [{ id: 'G3', workers: 'paddle-*' }] });
  fleet.container(W);
  fleet.cpu(W, 100);
  beforeItsLastStep(fleet);
  fleet.pass(1);
  fleet.progress(W, { stage: 'G3', document: 'PMC1', done: 3, total: 9 });
  fleet.judgeFor(310);
  return fleet;
}

const OTHER = 'paddle-worker-gpu0-0';

interface Beside {
  readonly stage?: string;
  /** How long before the end the peer was read. */
  readonly peerAgoMs?: number;
  /** The stuck worker was read before its last step only. */
  readonly isOwnOld?: boolean;
}

/** A stuck worker that waits for a lock, and another of its stage that is at work. */
function besideOther(
  wait: string,
  { stage = 'G3', peerAgoMs = 0, isOwnOld = false }: Beside = {},
): string | undefined {
  const read = (fleet: JudgedFleet, name: string, what: string, agoMs = 0): void => {
    const id = fleet.store.fleet.containers.get(name)?.id ?? '';
    const readings = [{ id, lines: ['x'], wait: what }];
    fleet.store.apply({ kind: 'processes-read', atMs: fleet.nowMs - agoMs, readings });
  };
  const fleet = stuck();
  fleet.container(OTHER, stage === 'G3' ? {} : { labels: { 'stagewatch.stage': stage } });
  read(fleet, OTHER, wait, peerAgoMs);
  read(fleet, W, 'waits for a lock', isOwnOld ? 320_000 : 0);
  fleet.progress(OTHER, { stage, document: 'PMC2', done: 3, total: 9 });
  fleet.judge();
  return evidenceOf(fleet).find((line) => line.startsWith('of its stage'));
}

describe('a stuck worker beside its peers', () => {
  it('is told apart from one that is at work and does something else', () => {
    assert.equal(
      besideOther('runs'),
      'of its stage at work, paddle-worker-gpu0-0 runs; it alone waits for a lock',
    );
  });

  it('is said to be no different where the other waits the same way', () => {
    assert.equal(
      besideOther('waits for a lock'),
      'of its stage at work, paddle-worker-gpu0-0 waits for a lock: that it waits for a lock says little',
    );
  });

  it('is compared with none of another stage, and with nothing that was read long ago', () => {
    assert.equal(besideOther('runs', { stage: 'G9' }), undefined);
    assert.notEqual(besideOther('runs', { peerAgoMs: 100_000 }), undefined);
    assert.equal(besideOther('runs', { peerAgoMs: 150_000 }), undefined);
    assert.equal(besideOther('runs', { isOwnOld: true }), undefined);
  });
});

describe('what the processes of a stuck worker wait for', () => {
  it('follows the first line of its evidence', () => {
    const fleet = stuck();
    const before = evidenceOf(fleet);
    assert.ok(before.length > 1);
    readProcesses(fleet, [LINE]);
    fleet.judge();
    const [first, second, ...others] = evidenceOf(fleet);
    assert.match(first ?? '', /^no progress for/);
    assert.equal(second, LINE);
    assert.equal(others.length, before.length - 1);
  });

  it('is left out where it was read before the last step, or long ago', () => {
    const early = stuck((fleet) => readProcesses(fleet, [LINE]));
    assert.ok(evidenceOf(early).length > 1);
    assert.ok(!evidenceOf(early).includes(LINE));
    const late = stuck();
    readProcesses(late, [LINE]);
    late.judgeFor(320);
    late.store.apply({ kind: 'processes-read', atMs: late.nowMs, readings: [] });
    late.judge();
    assert.ok(!evidenceOf(late).includes(LINE));
  });
});
