import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTextFormat } from '../../src/lib/text-format-parser.js';

/** Everything that is read, in a form that compares. */
function readAll(text: string) {
  const { samples, faults } = parseTextFormat(text);
  const flat = [...samples].flatMap(([name, list]) =>
    list.map(({ labels, value, timestampMs }) => [name, Object.fromEntries(labels), value, timestampMs]),
  );
  return { flat, faults: faults.map(({ line, problem }) => `${line}: ${problem}`) };
}

describe('a line that is right', () => {
  const cases: readonly [string, unknown[]][] = [
    ['a 1', ['a', {}, 1, undefined]],
    ['a{} 1', ['a', {}, 1, undefined]],
    [
      '\t a:b_9 \t{ x = "1" , y="2", } \t -1.5e3 \t 1700000000000 ',
      ['a:b_9', { x: '1', y: '2' }, -1500, 1.7e12],
    ],
    ['a{x="1"}2', ['a', { x: '1' }, 2, undefined]],
    ['a{x="b}c{ d=\\"e\\" \\\\ \\n"} 1', ['a', { x: 'b}c{ d="e" \\ \n' }, 1, undefined]],
    ['a{x=""} 1', ['a', {}, 1, undefined]],
    [
      'a{__proto__="x",constructor="y"} 1',
      [
        'a',
        Object.fromEntries([
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ]),
        1,
        undefined,
      ],
    ],
    ['a +Inf', ['a', {}, Number.POSITIVE_INFINITY, undefined]],
    ['a -inf', ['a', {}, Number.NEGATIVE_INFINITY, undefined]],
    ['a NaN -5', ['a', {}, Number.NaN, -5]],
    ['a .5', ['a', {}, 0.5, undefined]],
    ['a 5.', ['a', {}, 5, undefined]],
    ['a 9223372036854775794', ['a', {}, 2 ** 63, undefined]],
    ['a{x="ü€😀"} 1', ['a', { x: 'ü€😀' }, 1, undefined]],
  ];
  for (const [line, expected] of cases) {
    it(`is read: ${line}`, () => assert.deepEqual(readAll(`${line}\n`), { flat: [expected], faults: [] }));
  }

  it('may be empty or a comment', () => {
    assert.deepEqual(readAll('\n  \n#\n# a comment {"\n#HELPER x\n'), { flat: [], faults: [] });
  });
});

describe('a broken line', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['a', 'the value is missing'],
    ['a ', 'the value is missing'],
    ['9a 1', 'no metric name where one must stand'],
    ['{x="1"} 1', 'no metric name where one must stand'],
    ['a-b 1', 'a metric name holds a character that is not allowed'],
    ['a{x="1" 1', 'the labels have no closing brace'],
    ['a{x="1"', 'the labels have no closing brace'],
    ['a{x="1} 1', 'a label value has no closing quote'],
    ['a{x="1\\"} 1', 'a label value has no closing quote'],
    ['a{x=1} 1', 'a label value does not start with a quote'],
    ['a{x} 1', 'a label name is not followed by ='],
    ['a{x:y="1"} 1', 'a label name is not followed by ='],
    ['a{,} 1', 'no label name where one must stand'],
    ['a{x="1",,y="2"} 1', 'no label name where one must stand'],
    ['a{x="1"y="2"} 1', 'no comma between two labels'],
    ['a{x="1",x="2"} 1', 'a label name stands twice in one series'],
    ['a{x="\\t"} 1', 'a label value holds an unknown escape'],
    ['a 0x10', 'the value is not a number'],
    ['a 1_000', 'the value is not a number'],
    ['a 1,5', 'the value is not a number'],
    ['a 1\r', 'the value is not a number'],
    ['a infinite', 'the value is not a number'],
    ['a 1 2.5', 'the timestamp is not a whole number'],
    ['a 1 2 3', 'text stands after the timestamp'],
    ['b 2', 'the series stands here a second time'],
    ['b{y="2",x="1"} 3', 'the series stands here a second time'],
    ['# TYPE c nonsense', 'TYPE is none of the known types'],
    ['# TYPE b gauge', 'TYPE comes after samples of the metric'],
    ['# TYPE 9 gauge', 'no metric name where one must stand'],
    ['<html><body>Not found</body></html>', 'no metric name where one must stand'],
  ];
  for (const [line, problem] of broken) {
    it(`costs itself only: ${JSON.stringify(line)}`, () => {
      const { flat, faults } = readAll(`b 1\nb{x="1",y="2"} 1\n${line}\nz 3\n`);
      assert.deepEqual(faults, [`3: ${problem}`]);
      assert.deepEqual(
        flat.map(([name]) => name),
        ['b', 'b', 'z'],
      );
    });
  }

  it('is the last one without a line feed, whose number may be cut off', () => {
    const { flat, faults } = readAll('a 1\nb 1234');
    assert.deepEqual(faults, ['2: the last line is cut off: it does not end with a line feed']);
    assert.equal(flat.length, 1);
  });

  it('is counted to the end, of which the first are named', () => {
    const { faults, faultCount, sampleCount } = parseTextFormat(`${'?\n'.repeat(500)}a 1\n`);
    assert.deepEqual([faults.length, faultCount, sampleCount], [20, 500, 1]);
  });
});

describe('HELP and TYPE', () => {
  it('are kept with the escapes of help undone', () => {
    const parsed = parseTextFormat('# HELP a one\\ntwo \\\\ "x"\n# TYPE a counter\na 1\n');
    assert.equal(parsed.help.get('a'), 'one\ntwo \\ "x"');
    assert.equal(parsed.types.get('a'), 'counter');
    assert.equal(parsed.faultCount, 0);
  });

  it('are faults the second time', () => {
    const { faults } = readAll('# HELP a x\n# HELP a y\n# TYPE a gauge\n# TYPE a gauge\n');
    assert.deepEqual(faults, [
      '2: HELP of a metric stands here a second time',
      '4: TYPE of a metric stands here a second time',
    ]);
  });
});

describe('bounds', () => {
  it('end the reading after the most samples', () => {
    const parsed = parseTextFormat('a 1\nb 2\nc 3\nd 4\n', { maxSamples: 2 });
    assert.deepEqual([...parsed.samples.keys()], ['a', 'b']);
    assert.deepEqual(parsed.faults, [{ line: 3, problem: 'more than 2 samples, the rest is left' }]);
  });

  it('refuse a series of more labels than anybody has', () => {
    const labels = Array.from({ length: 200 }, (_, index) => `l${index}="1"`).join(',');
    assert.deepEqual(readAll(`a{${labels}} 1\n`).faults, ['1: more than 128 labels']);
  });

  it('skip what is not wanted without judging it', () => {
    const parsed = parseTextFormat('a{broken 1\nb 2\n', { isWanted: (name) => name === 'b' });
    assert.deepEqual([...parsed.samples.keys()], ['b']);
    assert.equal(parsed.faultCount, 0);
  });
});

describe('any text', () => {
  const escaped = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
  const series = fc.record({
    name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/),
    labels: fc.dictionary(labelName, fc.string({ unit: 'binary', minLength: 1 }), { maxKeys: 5 }),
    value: fc.double(),
    timestampMs: fc.option(fc.maxSafeInteger(), { nil: undefined }),
  });
  const keyOf = ({ name, labels }: { name: string; labels: Record<string, string> }): string =>
    JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);

  it('that a writer wrote is read back whole', () => {
    fc.assert(
      fc.property(fc.uniqueArray(series, { selector: keyOf, maxLength: 30 }), (written) => {
        const text = written
          .map(({ name, labels, value, timestampMs }) => {
            const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`);
            const number = Number.isFinite(value) ? String(value) : String(value).replace('Infinity', 'Inf');
            return `${name}{${pairs.join(',')}} ${number} ${timestampMs ?? ''}\n`;
          })
          .join('');
        const { samples, faults } = parseTextFormat(text);
        assert.deepEqual(faults, []);
        const read = [...samples].flatMap(([name, list]) =>
          list.map((sample) => ({ ...sample, name, labels: Object.fromEntries(sample.labels) })),
        );
        const byKey = new Map(read.map((one) => [keyOf(one), one]));
        assert.equal(read.length, written.length);
        for (const one of written) {
          const found = byKey.get(keyOf(one));
          assert.ok(found && Object.is(found.value, one.value === 0 ? found.value : one.value));
          assert.equal(found.timestampMs, one.timestampMs);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never throws, and every line is a sample, a comment or a fault', () => {
    const piece = fc.oneof(
      fc.constantFrom('a', '{', '}', '"', '\\', '\n', '\r', ' ', ',', '=', '1', '# TYPE a gauge', '# HELP a'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        const { sampleCount, faultCount, faults } = parseTextFormat(text);
        const lines = text.split('\n').length;
        assert.ok(sampleCount + faultCount <= lines);
        assert.ok(faults.every(({ line }) => line >= 1 && line <= lines));
      }),
      { numRuns: 1000 },
    );
  });

  const hostile: readonly (readonly [string, (length: number) => string])[] = [
    ['an open label value', (n) => `a{x="${'y'.repeat(n)}\n`],
    ['quotes', (n) => `a{${'"'.repeat(n)}} 1\n`],
    ['backslashes', (n) => `a{x="${'\\'.repeat(n)}"} 1\n`],
    ['braces', (n) => `a{${'}'.repeat(n)} 1\n`],
    ['braces, a line each', (n) => 'a{x="\n'.repeat(n / 6)],
    ['digits and a letter', (n) => `a ${'1'.repeat(n)}x\n`],
    ['blanks', (n) => `a ${' '.repeat(n)}\n`],
    ['blanks before a broken line', (n) => `${' '.repeat(n)}?\n`],
    ['labels', (n) => `a{${'x="1",'.repeat(n / 6)}} 1\n`],
    ['lines of one character', (n) => '?\n'.repeat(n / 2)],
    ['names', (n) => Array.from({ length: n / 8 }, (_, index) => `a${index} 1\n`).join('')],
    ['no line feed', (n) => 'a'.repeat(n)],
  ];
  for (const [what, build] of hostile) {
    it(`takes linear time: ${what}`, () => {
      // CPU time: what else the machine does is not counted.
      const elapsed = (text: string): number => {
        const before = process.cpuUsage();
        parseTextFormat(text);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      const small = build(100_000);
      const large = build(1_600_000);
      const best = (text: string): number => Math.min(...[1, 2, 3].map(() => elapsed(text)));
      // 16 times the text; quadratic would be 256 times the time. The constant covers the collector of garbage.
      const [smallMs, largeMs] = [best(small), best(large)];
      assert.ok(largeMs < 100 * smallMs + 100, `${smallMs} ms, then ${largeMs} ms`);
    });
  }
});

describe('recorded expositions', () => {
  for (const name of ['classic', '4.9']) {
    it(`are read without a fault: ${name}`, () => {
      const text = readFileSync(`test/fixtures/dcgm/${name}.prom`, 'utf8');
      const { samples, sampleCount, faultCount } = parseTextFormat(text);
      assert.equal(faultCount, 0);
      assert.equal(sampleCount, text.split('\n').filter((line) => /^[^#]/.test(line)).length);
      assert.ok([...samples.values()].every((list) => list.length === 8));
    });
  }
});
