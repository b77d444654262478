import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { createBoundedProgram } from '../../../src/sources/gpu-processes/bounded-program.js';
import { createFakeClock } from '../../support/fake-clock.js';

const SIGNAL = new AbortController().signal;

/** One in the kernel's hands, which no signal ends. */
function unkillable(): ChildProcess {
  const child = Object.assign(new EventEmitter(), { pid: 4_194_999, stdout: null, stderr: null, unref() {} });
  return child as unknown as ChildProcess;
}

describe('a program that cannot be killed', () => {
  it('is the only one until it ends, however often it is asked for', async () => {
    const clock = createFakeClock();
    const started: ChildProcess[] = [];
    const program = createBoundedProgram({
      command: ['/usr/bin/nvidia-smi'],
      clock,
      timeLimitMs: 20_000,
      maxBytes: 1000,
      spawnProgram() {
        const child = unkillable();
        started.push(child);
        return child;
      },
    });
    const first = assert.rejects(program.run([], SIGNAL), { message: 'nvidia-smi: no answer within 20s' });
    await clock.advance(20_000);
    await first;
    await clock.advance(280_000);
    await assert.rejects(
      program.run([], SIGNAL),
      /^SourceError: nvidia-smi \(process 4194999\) has not answered for 5m00s and cannot be killed: a GPU/,
    );
    assert.equal(started.length, 1);
    started[0]?.emit('exit', null, 'SIGKILL');
    const next = program.run([], SIGNAL);
    assert.equal(started.length, 2);
    started[1]?.emit('exit', 0, null);
    started[1]?.emit('close', 0, null);
    assert.deepEqual(await next, { text: '', exitCode: 0 });
  });
});
