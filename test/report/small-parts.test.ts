import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bottleneckShares } from '../../src/report/bottleneck-share.js';
import { compareFigures } from '../../src/report/compare.js';
import { decideFailIf, parseFailIf } from '../../src/report/fail-if.js';
import { groupFailures, signatureOf } from '../../src/report/failure-groups.js';
import type { Figure } from '../../src/report/figures.js';
import { quantileOf } from '../../src/report/histogram-quantile.js';
import { parseAgainst, parseMoment } from '../../src/report/parse-moment.js';
import { chooseStepMs } from '../../src/report/prometheus-client.js';
import { risesOf, sumByTime } from '../../src/report/series-sums.js';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-01-31T12:00:00Z');

const figure = (name: string, value: number | null, better: Figure['better'] = 'less'): Figure => ({
  name,
  title: name,
  value,
  unit: 'count',
  better,
});
const FIGURES = [
  figure('failed', 12),
  figure('critical', 0),
  figure('stuck', 1800),
  figure('gpu_memory', 0.97),
  figure('done', null),
];

describe('--fail-if', () => {
  for (const [text, hasFailed] of [
    ['failed>10', true],
    ['failed > 12', false],
    ['failed>=12', true],
    ['failed!=12', false],
    ['critical=0', true],
    ['critical>0, failed>10', true],
    ['critical>0 or failed>10', true],
    ['critical>0 and failed>10', false],
    ['critical>0 and failed>10 or stuck>20m', true],
    ['stuck>30m', false],
    ['gpu_memory>95%', true],
    ['gpu_memory>98%', false],
    ['done<100', true],
  ] as const) {
    it(`of ${text} ${hasFailed ? 'fails' : 'passes'} the run`, () => {
      const reading = parseFailIf(
        text,
        FIGURES.map(({ name }) => name),
      );
      assert.equal(reading.kind, 'ok');
      if (reading.kind === 'ok') assert.equal(decideFailIf(reading.failIf, FIGURES).hasFailed, hasFailed);
    });
  }

  it('on a figure that nobody knows says so', () => {
    const reading = parseFailIf('done<100', ['done']);
    assert.ok(reading.kind === 'ok');
    assert.deepEqual(decideFailIf(reading.failIf, FIGURES).reasons, [
      'done is not known, so done<100 cannot be ruled out',
    ]);
  });

  for (const [text, problem] of [
    ['failed', /“failed” is no condition/],
    ['failed>ten', /no condition/],
    ['failed>1 &&', /no condition/],
    ['', /no condition/],
    ['lost>1', /no figure is called “lost”; there are failed/],
  ] as const) {
    it(`refuses “${text}”`, () => {
      const reading = parseFailIf(text, ['failed']);
      assert.ok(reading.kind === 'faulty');
      assert.match(reading.problem, problem);
    });
  }
});

describe('failures', () => {
  for (const [error, signature] of [
    [
      'CUDA error at 0x7f31: tried to allocate 512.50 MiB',
      'CUDA error at <address>: tried to allocate N MiB',
    ],
    ['no such file: /data/run-7/PMC12/x.pdf', 'no such file: <path>'],
    ["KeyError: 'bbox_17'", 'KeyError: "…"'],
    ['PMC12 failed after 3 tries', '<document> failed after N tries'],
    ['job 123e4567-e89b-12d3-a456-426614174000 lost', 'job <id> lost'],
    ['', 'no error text'],
  ] as const) {
    it(`of “${error}” are alike by “${signature}”`, () =>
      assert.equal(signatureOf(error, 'PMC12'), signature));
  }

  it('are grouped by reason and signature, most first, with examples of different workers', () => {
    const failure = (worker: string, error: string, document: string) => ({
      stage: 'G1',
      document,
      worker,
      reason: 'cuda',
      error,
    });
    const [most, least] = groupFailures([
      failure('a', 'out of memory 1', 'D1'),
      failure('a', 'out of memory 2', 'D2'),
      failure('b', 'out of memory 3', 'D3'),
      failure('b', 'other', 'D4'),
    ]);
    assert.deepEqual([most?.count, most?.workers, least?.count], [3, 2, 1]);
    assert.deepEqual(most?.examples.map(({ worker }) => worker).toSorted(), ['a', 'b']);
  });
});

describe('times of a report', () => {
  for (const [text, expected] of [
    ['now', NOW],
    ['8h', NOW - 8 * HOUR],
    ['2026-01-31T08:00:00Z', NOW - 4 * HOUR],
    ['1769846400', 1_769_846_400_000],
    ['yesterday', undefined],
    ['12', undefined],
  ] as const) {
    it(`read “${text}”`, () => assert.equal(parseMoment(text, NOW), expected));
  }

  it('compare with so long earlier, or with a range of its own', () => {
    const range = { fromMs: NOW - HOUR, toMs: NOW };
    assert.deepEqual(parseAgainst('24h', range, NOW), { fromMs: NOW - 25 * HOUR, toMs: NOW - 24 * HOUR });
    assert.deepEqual(parseAgainst('3h..2h', range, NOW), { fromMs: NOW - 3 * HOUR, toMs: NOW - 2 * HOUR });
    for (const text of ['2h..3h', 'x', '1h..2h..3h', '0s'])
      assert.equal(parseAgainst(text, range, NOW), undefined);
  });
});

describe('steps of a range query', () => {
  for (const [hours, seconds] of [
    [0.5, 15],
    [2, 30],
    [8, 120],
    [24, 300],
    [24 * 30, 7200],
    [24 * 3650, 11 * 86_400],
  ] as const) {
    it(`of ${hours} hours are ${seconds} seconds`, () => {
      const stepMs = chooseStepMs({ fromMs: 0, toMs: hours * HOUR });
      assert.equal(stepMs, seconds * 1000);
      assert.ok((hours * HOUR) / stepMs + 1 <= 11_000);
    });
  }
});

describe('sums', () => {
  it('of a counter count on after it began anew, and do not count what was there before', () => {
    const points = [5, 7, 7, 2, null, 4].map((value, atMs) => ({ atMs, value }));
    assert.deepEqual(
      risesOf(points).map(({ value }) => value),
      [2, 0, 2, 2],
    );
  });

  it('of several series are by moment', () => {
    const series = [
      [
        { atMs: 2, value: 1 },
        { atMs: 1, value: 1 },
      ],
      [{ atMs: 2, value: 3 }],
    ];
    assert.deepEqual(sumByTime(series), [
      { atMs: 1, value: 1 },
      { atMs: 2, value: 4 },
    ]);
  });

  it('of a histogram give its quantiles as Prometheus does', () => {
    assert.equal(quantileOf(0.5, [1, 2, 4], [0, 10, 10, 0]), 2);
    assert.equal(quantileOf(0.95, [1, 2, 4], [0, 10, 10, 0]), 3.8);
    assert.equal(quantileOf(0.9, [1, 2], [1, 0, 9]), 2);
    assert.equal(quantileOf(0.5, [1], [0, 0]), null);
  });
});

describe('a stage', () => {
  it('is the bottleneck while what waits takes longest, and longer than a minute', () => {
    const shares = bottleneckShares([
      [
        { stage: 'A', waiting: 10, pace: 0.1 },
        { stage: 'B', waiting: 100, pace: 10 },
      ],
      [{ stage: 'B', waiting: 3, pace: 0 }],
      [{ stage: 'A', waiting: 1, pace: 1 }],
      [],
    ]);
    assert.deepEqual(
      [...shares],
      [
        ['A', 0.25],
        ['B', 0.25],
      ],
    );
  });
});

describe('a comparison', () => {
  for (const [now, before, better, verdict] of [
    [10, 20, 'less', 'better'],
    [20, 10, 'less', 'worse'],
    [20, 10, 'more', 'better'],
    [101, 100, 'less', 'same'],
    [5, 1, null, 'same'],
    [null, 1, 'less', 'unknown'],
  ] as const) {
    it(`of ${now} with ${before} where ${better} is better is ${verdict}`, () => {
      const [change] = compareFigures([figure('x', now, better)], [figure('x', before, better)]);
      assert.equal(change?.verdict, verdict);
    });
  }
});
