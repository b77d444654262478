import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, GIB, gpu, job, openedWhile, readGpus, stageFleet } from '../support/pipeline-events.js';

const NAMES = ['paddle-worker-gpu1-0', 'paddle-worker-gpu1-1', 'paddle-worker-gpu1-2'];
const MODEL = 10;

/** Three workers that share GPU 1, at work. */
function shared(): JudgedFleet {
  const fleet = stageFleet();
  readGpus(fleet, gpu('1'));
  for (const name of NAMES) start(fleet, name);
  return fleet;
}

function start(fleet: JudgedFleet, name: string, startedAtMs = fleet.nowMs): void {
  fleet.container(name, { startedAtMs });
  fleet.progress(name, job(fleet, { document: `${name} ${startedAtMs}` }));
}

function use(fleet: JudgedFleet, usedGib: number): void {
  readGpus(fleet, gpu('1', { memory: { usedBytes: usedGib * GIB, totalBytes: 180 * GIB } }));
}

/** Minute by minute: what is in use then. */
function pass(fleet: JudgedFleet, minutes: number, usedGib: (minute: number) => number): number {
  let opened = 0;
  for (let minute = 0; minute < minutes; minute++) {
    use(fleet, usedGib(minute));
    opened += openedWhile(fleet, 'GpuMemoryLeaked', 60).length;
  }
  return opened;
}

describe('memory of a GPU', () => {
  it('that rises while its containers are restarted one by one leaks', () => {
    const fleet = shared();
    pass(fleet, 80, (minute) => {
      const isRestart = minute % 25 === 10;
      if (isRestart) start(fleet, NAMES[Math.floor(minute / 25) % 3] ?? '');
      return 50 + minute * 0.3 - (minute % 25 < 14 && minute % 25 >= 10 ? MODEL : 0);
    });
    assert.match(found(fleet, 'GpuMemoryLeaked')?.summary ?? 'nothing', /only rises/);
  });

  it('that comes back to what it was after each restart does not', () => {
    const fleet = shared();
    const opened = pass(fleet, 150, (minute) => {
      if (minute % 25 === 10) start(fleet, NAMES[Math.floor(minute / 25) % 3] ?? '');
      return 50 + (minute % 25) * 0.3;
    });
    assert.equal(opened, 0);
  });

  it('that new containers fill does not', () => {
    const fleet = shared();
    const opened = pass(fleet, 150, (minute) => {
      if (minute % 10 === 0) start(fleet, `paddle-worker-gpu1-${10 + minute / 10}`);
      return 50 + Math.floor(minute / 10) * 3;
    });
    assert.equal(opened, 0);
  });

  it('that rises while now and then a container is new there leaks', () => {
    const fleet = shared();
    pass(fleet, 80, (minute) => {
      if (minute % 35 === 20) start(fleet, `paddle-worker-gpu1-${minute}`);
      return 50 + minute * 0.4 + Math.floor((minute + 15) / 35) * MODEL;
    });
    const { summary = 'nothing', evidence = [] } = found(fleet, 'GpuMemoryLeaked') ?? {};
    assert.match(summary, /only rises/);
    assert.match(evidence[0] ?? 'nothing', /without what newcomers load/);
  });

  it('that rises by a jump now and then does not', () => {
    const fleet = shared();
    const opened = pass(fleet, 180, (minute) => 50 + Math.floor(minute / 40) * 12);
    assert.equal(opened, 0);
  });

  it('that rises leaks although DCGM was away for a while', () => {
    const fleet = shared();
    pass(fleet, 30, (minute) => 50 + minute * 0.3);
    fleet.setUp('dcgm', false);
    fleet.judgeFor(15 * 60);
    fleet.setUp('dcgm', true);
    pass(fleet, 30, (minute) => 50 + (minute + 45) * 0.3);
    assert.match(found(fleet, 'GpuMemoryLeaked')?.summary ?? 'nothing', /only rises/);
  });

  it('that workers fill with their first jobs does not', () => {
    const fleet = stageFleet();
    readGpus(fleet, gpu('1'));
    const names = Array.from({ length: 15 }, (_, index) => `paddle-worker-gpu1-${index}`);
    for (const name of names) fleet.container(name, { startedAtMs: fleet.nowMs });
    const opened = pass(fleet, 150, (minute) => {
      const name = names[Math.floor(minute / 10)];
      if (name !== undefined && minute % 10 === 0) start(fleet, name, fleet.nowMs - minute * 60_000);
      return 20 + Math.floor(minute / 10) * 3;
    });
    assert.equal(opened, 0);
  });

  it('is not judged while nobody knows who uses the GPU', () => {
    const fleet = shared();
    fleet.setUp('docker', false);
    const opened = pass(fleet, 100, (minute) => 50 + minute * 0.3);
    assert.equal(opened, 0);
  });

  it('that nobody uses is not counted while the engine is away', () => {
    const fleet = shared();
    fleet.judgeFor(60);
    for (const name of NAMES)
      fleet.container(name, { state: 'exited', exitCode: 0, finishedAtMs: fleet.nowMs });
    use(fleet, 50);
    fleet.judgeFor(60);
    fleet.setUp('docker', false);
    fleet.judgeFor(600);
    fleet.setUp('docker', true);
    assert.deepEqual(openedWhile(fleet, 'GpuMemoryLeaked', 200), []);
    fleet.judgeFor(60);
    assert.match(found(fleet, 'GpuMemoryLeaked')?.summary ?? 'nothing', /although no container uses it/);
  });
});
