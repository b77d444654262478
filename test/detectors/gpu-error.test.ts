import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';
import { found, gpu, job, OTHER, openedWhile, readGpus, stageFleet, W } from '../support/pipeline-events.js';

const xid79 = (count: number) => ({
  xids: { last: 79, totals: new Map([['79', count]]), recent: new Map() },
});

/** GPU 1 reports XID 79, leaves the exporter's answer for so long, and is back with the same count. */
function playReset(awaySeconds: number): JudgedFleet {
  const fleet = createJudgedFleet();
  readGpus(fleet, gpu('1'), gpu('2'));
  fleet.judgeFor(10);
  readGpus(fleet, gpu('1', xid79(1)), gpu('2'));
  fleet.judgeFor(10);
  assert.ok(found(fleet, 'GpuError'));
  readGpus(fleet, gpu('2'));
  fleet.judgeFor(awaySeconds);
  readGpus(fleet, gpu('1', xid79(1)), gpu('2'));
  return fleet;
}

describe('a GPU that fell off the bus', () => {
  it('is no longer reported once a reset has brought it back', () => {
    const fleet = playReset(60);
    fleet.judgeFor(45);
    assert.equal(found(fleet, 'GpuError'), undefined);
  });

  it('is still reported when the exporter left it out of one answer', () => {
    const fleet = playReset(5);
    fleet.judgeFor(120);
    assert.match(found(fleet, 'GpuError')?.summary ?? '', /XID 79/);
  });

  it('is no longer reported though its error is counted first when it is back', () => {
    const fleet = createJudgedFleet();
    readGpus(fleet, gpu('1'), gpu('2'));
    fleet.judgeFor(10);
    readGpus(fleet, gpu('2'));
    fleet.judgeFor(60);
    assert.ok(found(fleet, 'GpuError'), 'it is missing');
    readGpus(fleet, gpu('1', xid79(1)), gpu('2'));
    fleet.judgeFor(45);
    assert.equal(found(fleet, 'GpuError'), undefined);
  });

  it('is reported again when it fails again after its reset', () => {
    const fleet = playReset(60);
    fleet.judgeFor(45);
    readGpus(fleet, gpu('1', xid79(2)), gpu('2'));
    assert.equal(openedWhile(fleet, 'GpuError', 10).length, 1);
  });
});

describe('the only worker on a GPU that is lost', () => {
  function play(lostAfterSeconds: number, names: readonly string[]): JudgedFleet {
    const fleet = stageFleet();
    for (const name of names) {
      fleet.container(name);
      fleet.cpu(name, 100);
    }
    const pass = (seconds: number, isLost: boolean): void => {
      for (let passed = 0; passed < seconds; passed += 10) {
        readGpus(fleet, gpu('0'), ...(isLost ? [] : [gpu('1')]));
        fleet.judgeFor(10);
      }
    };
    pass(10, false);
    for (const name of names) fleet.progress(name, job(fleet, { document: `of-${name}` }));
    fleet.queue('g3', { ready: 3, unacked: 1, consumers: 1 });
    pass(lostAfterSeconds, false);
    pass(400, true);
    return fleet;
  }

  const causes = (fleet: JudgedFleet): readonly string[] =>
    [...fleet.evaluation.verdicts.findings.values()].map(
      ({ id, consequenceOf }) => `${id} < ${consequenceOf ?? 'itself'}`,
    );

  it('follows from it, and so does its stage where none other can work', () => {
    const found = causes(play(30, [W]));
    assert.ok(found.includes(`WorkerStuck:${W} < GpuError:GPU-1`), found.join('; '));
    assert.ok(found.includes('StageStalled:G3 < GpuError:GPU-1'), found.join('; '));
  });

  it('does not follow from it where it was stuck long before', () => {
    assert.ok(causes(play(400, [W])).includes(`WorkerStuck:${W} < itself`));
  });

  it('is no cause of what hangs on another', () => {
    const found = causes(play(30, [W, OTHER]));
    assert.ok(found.includes(`WorkerStuck:${OTHER} < itself`), found.join('; '));
    assert.ok(found.includes('StageStalled:G3 < itself'), found.join('; '));
  });
});
