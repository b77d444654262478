import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { createLineMatcher } from '../../../src/sources/docker/logs/match-lines.js';

const { patterns } = configSchema.parse({}).logs;
const matchBuiltIn = createLineMatcher(patterns);
const patternOf = (text: string): string | undefined => matchBuiltIn([{ atMs: 1, text }])[0]?.pattern;

describe('the built-in patterns', () => {
  const lines: readonly (readonly [text: string, pattern: string | undefined])[] = [
    ['torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB', 'gpu_oom'],
    ['RuntimeError: CUDA error: out of memory', 'gpu_oom'],
    ['[Rank 3] Watchdog caught collective operation timeout: NCCL watchdog thread terminated', 'nccl'],
    ['[rank0]:[E ProcessGroupNCCL.cpp:607] [Rank 0] Watchdog caught collective operation timeout', 'nccl'],
    ['NVRM: Xid (PCI:0000:3b:00): 79, pid=4242, GPU has fallen off the bus.', 'xid'],
    [
      "pika.exceptions.ChannelClosedByBroker: (406, 'PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms')",
      'consumer_timeout',
    ],
    ["ChannelClosedByBroker: (404, 'NOT_FOUND')", 'channel_closed'],
    ['Fatal Python error: Segmentation fault', 'segfault'],
    ['OSError: [Errno 28] No space left on device', 'disk_full'],
    ['Out of memory: Killed process 4242 (python)', 'killed'],
    ['sh: line 1:    77 Killed                  python worker.py', 'killed'],
    ['Error: connect ECONNREFUSED 172.18.0.5:8070', 'refused'],
    ['INFO PMC1 page 12 of 40', undefined],
    ['the timeout is 30 s', undefined],
    ['the skilled killed the mood', undefined],
  ];
  for (const [text, pattern] of lines) {
    it(`take ${text.slice(0, 60)} for ${pattern ?? 'nothing'}`, () => assert.equal(patternOf(text), pattern));
  }
});

describe('lines that fit', () => {
  const match = createLineMatcher({ oom: ['out*memory'], late: ['late'] });

  it('are counted by pattern, each once, with the newest of them', () => {
    const texts = ['out of memory', 'nothing', 'OUT OF all MEMORY, late', 'too late'];
    assert.deepEqual(match(texts.map((text, index) => ({ atMs: index, text }))), [
      { pattern: 'oom', count: 2, line: 'OUT OF all MEMORY, late', atMs: 2 },
      { pattern: 'late', count: 1, line: 'too late', atMs: 3 },
    ]);
  });

  it('are shown short, without colours, controls and credentials', () => {
    const text = `\u001b[31mlate\u001b[0m amqp://me:s3cret@broker/ \u0007 ${'x'.repeat(5000)}`;
    const [found] = match([{ atMs: 1, text }]);
    assert.match(found?.line ?? '', /^late amqp:\/\/\*\*\*@broker\/ \\u0007 x+…$/);
    assert.ok((found?.line.length ?? 0) < 320);
  });

  it('are none where no text is asked for', () => {
    assert.deepEqual(createLineMatcher({ none: [] })([{ atMs: 1, text: 'late' }]), []);
  });
});
