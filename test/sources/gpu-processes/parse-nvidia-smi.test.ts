import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gpuUuidOf, parseNvidiaSmi } from '../../../src/sources/gpu-processes/parse-nvidia-smi.js';
import { SourceError } from '../../../src/sources/source-error.js';

const GPU_0 = 'GPU-8f1b2c3d-0a1b-4c2d-8e3f-112233445566';
const GPU_1 = 'GPU-9a2c3d4e-1b2c-4d3e-9f40-223344556677';
const MIB = 1024 ** 2;

/** Made by hand in the documented formats, not recorded. */
const fixture = (name: string): string => readFileSync(`test/fixtures/nvidia-smi/${name}`, 'utf8');
const parse = (name: string) => parseNvidiaSmi(fixture(name));

describe('the processes on the GPUs', () => {
  it('are read with their memory, whatever commas their names have', () => {
    assert.deepEqual(parse('apps.csv').processes, [
      { pid: 48_211, uuid: GPU_0, usedBytes: 41_984 * MIB, program: '/usr/bin/python3' },
      { pid: 48_377, uuid: GPU_0, usedBytes: 20_480 * MIB, program: 'python' },
      { pid: 51_002, uuid: GPU_1, usedBytes: 8190 * MIB, program: '/opt/app/ocr, --shard, 2' },
    ]);
  });

  it('are read the same with header and units, as a person would write the command', () => {
    const { processes, gpus, unreadable } = parse('with-header.csv');
    assert.deepEqual(processes, parse('apps.csv').processes.slice(0, 1));
    assert.deepEqual(gpus, [{ index: '0', uuid: GPU_0 }]);
    assert.equal(unreadable, undefined);
  });

  it('are none where the program prints nothing, or says so', () => {
    for (const text of ['', '\n', 'No running processes found\n', 'No running compute processes found\n'])
      assert.deepEqual(parseNvidiaSmi(text).processes, []);
  });

  it('have no memory where the driver does not tell it: it is not 0', () => {
    for (const [name, word] of [
      ['not-available.csv', '[N/A]'],
      ['not-supported.csv', '[Not Supported]'],
    ] as const) {
      const { processes, untold } = parse(name);
      assert.equal(processes.length, 1);
      assert.ok(!('usedBytes' in (processes[0] ?? {})));
      assert.equal(untold, word);
    }
  });

  it('are left out where even their ids are hidden, and the word is kept for the remedy', () => {
    const { processes, untold } = parse('insufficient-permissions.csv');
    assert.deepEqual(processes, [{ pid: 48_211, uuid: GPU_0 }]);
    assert.equal(untold, '[Insufficient Permissions]');
  });

  it('have no name where the driver does not find it', () => {
    const [process] = parse('not-found.csv').processes;
    assert.deepEqual(process, { pid: 48_211, uuid: GPU_0, usedBytes: 41_984 * MIB });
  });

  it('bear names without control characters, credentials and endless arguments', () => {
    const name = `run\u001b[31m amqp://me:secret@host ${'x'.repeat(500)}`;
    const [process] = parseNvidiaSmi(`1, ${GPU_0}, 5, ${name}\n`).processes;
    assert.match(process?.program ?? '', /^run\\u001b\[31m amqp:\/\/\*\*\*@host x+…$/);
    assert.ok((process?.program?.length ?? 0) < 100);
  });

  it('are bounded, however many lines there are', () => {
    const line = `1, ${GPU_0}, 5, x\n`;
    assert.equal(parseNvidiaSmi(line.repeat(10_000)).processes.length, 4096);
  });
});

describe('GPUs and MIG instances', () => {
  it('are told by index, and instances by their GPU', () => {
    assert.deepEqual(parse('gpus.csv').gpus, [
      { index: '0', uuid: GPU_0 },
      { index: '1', uuid: GPU_1 },
    ]);
    const { gpus, parents } = parse('list.txt');
    assert.deepEqual(gpus, parse('gpus.csv').gpus);
    const uuids = parse('mig.csv').processes.map(({ uuid }) => gpuUuidOf(uuid, parents));
    assert.deepEqual(uuids, [GPU_0, GPU_0, GPU_1]);
  });

  it('are themselves where nothing tells their GPU', () => {
    const uuids = parse('mig.csv').processes.map(({ uuid }) => gpuUuidOf(uuid, new Map()));
    assert.match(uuids[0] ?? '', /^MIG-3f1e/);
    assert.equal(uuids[2], GPU_1);
  });
});

describe('a failure', () => {
  const cases: readonly (readonly [file: string, reason: string, remedy: RegExp])[] = [
    ['driver-mismatch.txt', 'rejected', /mismatch”: the driver was upgraded .* reboot the host/],
    ['no-driver.txt', 'unreachable', /kernel module of the driver is not loaded: .* modprobe nvidia/],
    ['gpu-lost.txt', 'rejected', /fallen off the bus: it needs a reset or a reboot/],
    ['no-devices.txt', 'unreachable', /no GPU is visible here/],
    ['nvml-unknown.txt', 'rejected', /its right to the devices was lost/],
    ['web-page.txt', 'protocol', /expected lines of nvidia-smi, got “<!doctype html>/],
  ];
  for (const [file, reason, remedy] of cases) {
    it(`says what to do: ${file}`, () => {
      assert.throws(
        () => parse(file),
        (error) => error instanceof SourceError && error.reason === reason && remedy.test(error.message),
      );
    });
  }

  it('beside figures that can be read costs only itself', () => {
    const { processes, unreadable } = parseNvidiaSmi(fixture('gpu-lost.txt') + fixture('apps.csv'));
    assert.equal(processes.length, 3);
    assert.match(unreadable ?? '', /GPU is lost/);
  });
});
