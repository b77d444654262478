import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCpuFile, parseStats } from '../../../src/sources/docker/parse-cpu.js';

const CPU_STAT = 'usage_usec 2500000\nuser_usec 1500000\nsystem_usec 1000000\nnr_periods 0\n';

describe('CPU time', () => {
  it('is read from the files of both versions of control groups', () => {
    assert.equal(parseCpuFile('cpuacct.usage', '1234567890\n'), 1.23456789);
    assert.equal(parseCpuFile('cpuacct.usage', '0\n'), 0);
    assert.equal(parseCpuFile('cpu.stat', CPU_STAT), 2.5);
  });

  it('is unknown where a file holds something else', () => {
    for (const text of ['', '\n', '-1\n', '12 34\n', 'nonsense'])
      assert.equal(parseCpuFile('cpuacct.usage', text), undefined, JSON.stringify(text));
    for (const text of ['', 'nr_periods 0\nnr_throttled 0\n', 'usage_usec many\n', 'xusage_usec 5\n'])
      assert.equal(parseCpuFile('cpu.stat', text), undefined, JSON.stringify(text));
  });

  it('is read from the stats of the engine', () => {
    const answer = {
      read: '2025-11-23T12:13:20.5Z',
      cpu_stats: { cpu_usage: { total_usage: 1_500_000_000, usage_in_usermode: 5 }, online_cpus: 2 },
    };
    assert.equal(parseStats(answer), 1.5);
  });

  it('is unknown, not 0, in the stats of a container that does not run', () => {
    const answer = { read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } } };
    assert.equal(parseStats(answer), undefined);
  });

  it('names what is wrong with stats of another shape', () => {
    assert.throws(() => parseStats([]), /stats of a container have an unexpected shape at the whole/);
    assert.throws(
      () => parseStats({ cpu_stats: {} }),
      /cpu_stats\.cpu_usage: expected an object, got nothing/,
    );
    assert.throws(
      () => parseStats({ cpu_stats: { cpu_usage: { total_usage: '5' } } }),
      /total_usage: expected a number, got a string/,
    );
  });
});
