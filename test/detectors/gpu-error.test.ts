import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';
import { found, gpu, openedWhile, readGpus } from '../support/pipeline-events.js';

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
