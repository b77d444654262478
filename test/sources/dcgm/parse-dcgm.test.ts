import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseTextFormat } from '../../../src/lib/text-format-parser.js';
import { parseDcgm } from '../../../src/sources/dcgm/parse-dcgm.js';

const MIB = 1024 * 1024;

function parse(text: string) {
  return parseDcgm(parseTextFormat(text));
}

function parseFile(name: string) {
  return parse(readFileSync(`test/fixtures/dcgm/${name}.prom`, 'utf8')).gpus;
}

/** One GPU of the given samples, its labels written as `{L`. */
function parseOne(lines: string, labels = 'gpu="0",UUID="GPU-1"') {
  const { gpus } = parse(`${lines.replaceAll('{L', `{${labels}`)}\n`);
  assert.equal(gpus.length, 1);
  const [gpu] = gpus;
  assert.ok(gpu);
  return gpu;
}

describe('a recorded exposition', () => {
  it('gives every fact of a GPU in our units', () => {
    const gpu = parseFile('classic').find(({ index }) => index === '3');
    assert.deepEqual(gpu, {
      uuid: 'GPU-15051473-25a1-e9ef-2ea5-04a3bc894730',
      index: '3',
      device: 'nvidia3',
      model: 'NVIDIA B200',
      host: 'gpu-node-01',
      memory: {
        usedBytes: 141877 * MIB,
        freeBytes: 40758 * MIB,
        reservedBytes: 724 * MIB,
        totalBytes: 183359 * MIB,
      },
      utilizationRatio: 0,
      temperatureCelsius: 31,
      powerWatts: 156.628172,
      xids: { totals: new Map(), recent: new Map(), last: 79 },
    });
  });

  it('says the same under the names and units of 4.9', () => {
    assert.equal(parseFile('classic').length, 8);
    assert.deepEqual(parseFile('4.9'), parseFile('classic'));
  });
});

describe('labels', () => {
  const spellings = [
    'gpu="2",UUID="GPU-1",modelName="B200",Hostname="h"',
    'gpu="2",uuid="GPU-1",model_name="B200",hostname="h"',
    'gpu="2",gpu_uuid="GPU-1",modelName="B200",hostname="h"',
  ];
  for (const labels of spellings) {
    it(`are known as ${labels}`, () => {
      const { uuid, index, model, host } = parseOne('DCGM_FI_DEV_GPU_TEMP{L} 40', labels);
      assert.deepEqual([uuid, index, model, host], ['GPU-1', '2', 'B200', 'h']);
    });
  }

  it('without a UUID are counted as unplaced', () => {
    assert.deepEqual(parse('DCGM_FI_DEV_GPU_TEMP{gpu="0"} 40\n'), { gpus: [], unplaced: 1 });
  });

  it('of a job mapping repeat a sample, of which the first counts', () => {
    const text = 'DCGM_FI_DEV_FB_USED{L,hpc_job="a"} 5\nDCGM_FI_DEV_FB_USED{L,hpc_job="b"} 6';
    assert.equal(parseOne(text).memory.usedBytes, 5 * MIB);
  });

  it('of links, switches and CPUs make no GPU', () => {
    const text = 'DCGM_FI_DEV_NVSWITCH_TEMP{nvswitch="0"} 1\nDCGM_FI_DEV_CPU_UTIL_TOTAL{cpu="0"} 1\n';
    assert.deepEqual(parse(text), { gpus: [], unplaced: 0 });
  });
});

describe('MIG', () => {
  it('instances are apart from one another and from their GPU', () => {
    const mig = (id: string): string => `gpu="0",UUID="GPU-1",GPU_I_PROFILE="1g.23gb",GPU_I_ID="${id}"`;
    const { gpus } = parse(
      `DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1"} 9\nDCGM_FI_DEV_FB_USED{${mig('1')}} 4\n` +
        `DCGM_FI_DEV_FB_USED{${mig('2')}} 5\nDCGM_FI_PROF_GR_ENGINE_ACTIVE{${mig('2')}} 0.5\n`,
    );
    assert.deepEqual(
      gpus.map(({ mig, memory, utilizationRatio }) => [
        mig?.id,
        mig?.profile,
        memory.usedBytes,
        utilizationRatio,
      ]),
      [
        [undefined, undefined, 9 * MIB, undefined],
        ['1', '1g.23gb', 4 * MIB, undefined],
        ['2', '1g.23gb', 5 * MIB, 0.5],
      ],
    );
  });
});

describe('a value', () => {
  const blanks = ['2147483632', '2147483633', '140737488355328', '9223372036854775794', 'NaN', '+Inf', '-1'];
  for (const blank of blanks) {
    it(`that means none is dropped: ${blank}`, () => {
      const names = ['GPU_TEMP', 'GPU_UTIL', 'POWER_USAGE', 'FB_USED', 'FB_TOTAL', 'XID_ERRORS'];
      const gpu = parseOne(names.map((name) => `DCGM_FI_DEV_${name}{L} ${blank}`).join('\n'));
      assert.deepEqual(gpu, {
        uuid: 'GPU-1',
        index: '0',
        memory: {},
        xids: { totals: new Map(), recent: new Map() },
      });
    });
  }

  it('in bytes may be larger than a blank of another unit', () => {
    assert.equal(parseOne('DCGM_FI_DEV_FB_USED_BYTES{L} 179520405504').memory.usedBytes, 179520405504);
    assert.deepEqual(parseOne('DCGM_FI_DEV_FB_USED_BYTES{L} 9223372036854775794').memory, {});
  });

  it('of utilization is the GPU’s own before that of its engine', () => {
    assert.equal(
      parseOne('DCGM_FI_PROF_GR_ENGINE_ACTIVE{L} 0.2\nDCGM_FI_DEV_GPU_UTIL{L} 98').utilizationRatio,
      0.98,
    );
  });
});

describe('total memory', () => {
  const used = 'DCGM_FI_DEV_FB_USED{L} 10\n';
  const free = 'DCGM_FI_DEV_FB_FREE{L} 20\n';
  const cases: readonly (readonly [string, string, number | undefined])[] = [
    ['is the sum', `${used}${free}DCGM_FI_DEV_FB_RESERVED{L} 3`, 33 * MIB],
    ['is the sum of what there is of old exporters', used + free, 30 * MIB],
    ['is what is reported', `${used}${free}DCGM_FI_DEV_FB_TOTAL{L} 40`, 40 * MIB],
    ['is what 4.9 reports', `${used}${free}DCGM_FI_DEV_FB_CAPACITY_BYTES{L} 99`, 99],
    ['is unknown without the free part', used, undefined],
  ];
  for (const [what, text, expected] of cases) {
    it(what, () => assert.equal(parseOne(text).memory.totalBytes, expected));
  }
});

describe('XID counts', () => {
  it('are read by XID, and what is no XID is left out', () => {
    const gpu = parseOne(
      [
        'DCGM_EXP_XID_ERRORS_TOTAL{L,xid="79"} 2',
        'DCGM_EXP_XID_ERRORS_TOTAL{L,xid="0"} 7',
        'DCGM_EXP_XID_ERRORS_TOTAL{L,xid="worse"} 7',
        'DCGM_EXP_XID_ERRORS_TOTAL{L} 7',
        'DCGM_EXP_XID_ERRORS_COUNT{L,window_size_in_ms="300000",xid="31"} 1',
      ].join('\n'),
    );
    assert.deepEqual(gpu.xids, { totals: new Map([['79', 2]]), recent: new Map([['31', 1]]) });
  });
});
