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
    assert.deepEqual(parseStats(answer), { usedSeconds: 1.5 });
  });

  it('comes with what the container took in and gave out, where the engine tells', () => {
    const cpu = { cpu_stats: { cpu_usage: { total_usage: 1e9 } } };
    const networks = { eth0: { rx_bytes: 100, tx_bytes: 20 }, eth1: { rx_bytes: 3, tx_bytes: 4 } };
    const io_service_bytes_recursive = [
      { major: 8, minor: 0, op: 'Read', value: 1000 },
      { major: 8, minor: 0, op: 'Write', value: 2000 },
      { major: 8, minor: 0, op: 'Total', value: 3000 },
      { major: 8, minor: 16, op: 'read', value: 5 },
    ];
    const of = (more: object) => parseStats({ ...cpu, ...more })?.io;
    assert.deepEqual(of({ networks, blkio_stats: { io_service_bytes_recursive } }), {
      inBytes: 1108,
      outBytes: 2024,
    });
    assert.deepEqual(of({ blkio_stats: { io_service_bytes_recursive } }), { inBytes: 1005, outBytes: 2000 });
    for (const nothing of [
      {},
      { networks: {}, blkio_stats: { io_service_bytes_recursive: null } },
      { networks: 7, blkio_stats: 'x' },
    ]) {
      assert.equal(of(nothing), undefined);
    }
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
