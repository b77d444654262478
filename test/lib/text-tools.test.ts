import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeError } from '../../src/lib/describe-error.js';
import { formatDuration, parseDuration, writeDuration } from '../../src/lib/duration.js';
import { escapeControls } from '../../src/lib/escape-controls.js';
import { matchesGlob } from '../../src/lib/glob.js';
import { createLineSplitter } from '../../src/lib/line-splitter.js';
import { createLogger } from '../../src/lib/logger.js';
import { scrubCredentials } from '../../src/lib/scrub.js';

describe('durations', () => {
  for (const [text, expected] of [
    ['500ms', 500],
    ['5s', 5000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['7m12s', 432_000],
    ['', undefined],
    ['5', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['s', undefined],
  ] as const) {
    it(`"${text}" is ${expected}`, () => assert.equal(parseDuration(text), expected));
  }
  for (const [ms, expected] of [
    [850, '0s'],
    [12_000, '12s'],
    [432_000, '7m12s'],
    [7_500_000, '2h05m'],
    [273_600_000, '3d04h'],
    [-12_000, '0s'],
  ] as const) {
    it(`${ms} ms is said as ${expected}`, () => assert.equal(formatDuration(ms), expected));
  }
  for (const [ms, expected] of [
    [0, '0s'],
    [500, '500ms'],
    [600_000, '10m'],
    [5_400_000, '1h30m'],
    [1500, '1s500ms'],
    [86_400_000, '1d'],
  ] as const) {
    it(`${ms} ms is written as ${expected}`, () => assert.equal(writeDuration(ms), expected));
  }
});

describe('name patterns', () => {
  for (const [pattern, name, expected] of [
    ['paddle-worker-*', 'paddle-worker-gpu1-0', true],
    ['*rabbitmq*', 'my-rabbitmq-1', true],
    ['worker-?', 'worker-1', true],
    ['worker-?', 'worker-12', false],
    ['worker', 'worker-1', false],
    ['a.c', 'abc', false],
    ['*', '', true],
  ] as const) {
    it(`${pattern} ${expected ? 'matches' : 'does not match'} "${name}"`, () =>
      assert.equal(matchesGlob(pattern, name), expected));
  }

  it('agree with a regular expression', () => {
    const letters = fc
      .array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        letters,
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((parts) => parts.join('')),
        (pattern, name) => {
          const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
          assert.equal(matchesGlob(pattern, name), expression.test(name));
        },
      ),
    );
  });

  it('stay quick on what makes regular expressions explode', () => {
    assert.equal(matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(5000)), false);
  });
});

describe('credentials', () => {
  for (const [text, expected] of [
    ['amqp://user:p@ss@host/v', 'amqp://***@host/v'],
    ['at http://u:p@h:1/x and https://h/y', 'at http://***@h:1/x and https://h/y'],
    ['mail to a@b.c', 'mail to a@b.c'],
    ['x'.repeat(20_000), 'x'.repeat(20_000)],
  ] as const) {
    it(`"${text.slice(0, 60)}" is shown as "${expected.slice(0, 60)}"`, () =>
      assert.equal(scrubCredentials(text), expected));
  }

  it('do not reach the log by any way', () => {
    for (const format of ['text', 'json'] as const) {
      const lines: string[] = [];
      const log = createLogger({ level: 'info', format, write: (line) => lines.push(line) });
      const error = new Error('connect amqp://u:secret@h', { cause: new Error('http://u:secret@h') });
      log.error({ err: error, url: 'amqp://u:secret@h/v' }, 'cannot reach amqp://u:secret@h');
      assert.doesNotMatch(lines.join(''), /secret/);
      assert.match(lines.join(''), /\*\*\*@h/);
    }
  });
});

describe('controls of a terminal', () => {
  const EVIL =
    'a\u001b]0;owned\u0007b\u009b31mc\u202ed\u2066e\u061cf\u2028g\u0000h\u007fi\rj\u001b[2Jk\ud800l';

  it('never come out of the log, in either form, wherever they stand', () => {
    for (const format of ['text', 'json'] as const) {
      const lines: string[] = [];
      const log = createLogger({ level: 'info', format, write: (line) => lines.push(line) });
      const child = log.child({ component: EVIL });
      child.error({ err: new Error(EVIL), file: EVIL, [EVIL]: { deep: [EVIL] } }, EVIL);
      const [line = ''] = lines;
      assert.match(line, /^[\x20-\x7e]+\n$/);
      if (format === 'json') {
        const entry = JSON.parse(line) as { readonly file: string };
        assert.equal(entry.file.replace('\\ud800', '\ud800'), EVIL);
      }
    }
  });

  it('are told apart: two names stay two', () => {
    assert.notEqual(escapeControls('a\u001bb'), escapeControls('a\u009bb'));
    assert.equal(escapeControls('a\u001bb'), 'a\\u001bb');
    assert.equal(escapeControls('ä 漢 😀 é'), 'ä 漢 😀 é');
    assert.equal(escapeControls('a\nb\u001b\n', { keepsLines: true }), 'a\nb\\u001b\n');
  });
});

describe('errors', () => {
  it('are one bounded line with their causes, each said once', () => {
    const error = new Error('outer', { cause: new Error(`inner\n${'x'.repeat(1000)}`) });
    const line = describeError(error);
    assert.match(line, /^outer: inner x+…$/);
    assert.equal(line.length, 500);
    assert.equal(describeError(new Error('a: b', { cause: new Error('b') })), 'a: b');
    assert.equal(describeError(undefined), 'unknown error');
  });

  it('leave out the words in which fetch wraps every failure', () => {
    const closed = new TypeError('fetch failed', { cause: new Error('other side closed') });
    assert.equal(describeError(closed), 'other side closed');
    assert.equal(describeError(new TypeError('fetch failed')), 'fetch failed');
  });
});

describe('lines of a stream', () => {
  it('come out whole, however the bytes are cut', () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\r\n]/g, '').trim()),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (lines, size) => {
        const found: string[] = [];
        const splitter = createLineSplitter({
          maxLineBytes: 10_000,
          onLine: (line) => found.push(line),
          onOversized: () => assert.fail('too long'),
        });
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
        assert.deepEqual(
          found,
          lines.filter((line) => line !== ''),
        );
      }),
    );
  });

  it('over the limit are dropped and told once, and the next line is read', () => {
    const found: string[] = [];
    let oversized = 0;
    const splitter = createLineSplitter({
      maxLineBytes: 5,
      onLine: (line) => found.push(line),
      onOversized: () => oversized++,
    });
    for (const part of ['ab\n123', '456', '789\ncd\n']) splitter.push(Buffer.from(part));
    assert.deepEqual(found, ['ab', 'cd']);
    assert.equal(oversized, 1);
  });
});
