import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_COUNTS } from '../../src/fleet/container-counts.js';
import { createGpuLinkMemory } from '../../src/fleet/gpu-link-memory.js';
import { linkGpus, singleDevice } from '../../src/fleet/gpu-links.js';
import { type Gpu, type GpuRequest, gpuIdentity } from '../../src/fleet/gpu-model.js';
import type { Container, ContainerState } from '../../src/fleet/model.js';

function gpu(index: string, parts: Partial<Gpu> = {}): Gpu {
  const uuid = `GPU-${index}a`;
  const facts = { uuid, index, device: `nvidia${index}`, memory: {}, seenAtMs: 1, ...parts };
  return { ...facts, identity: gpuIdentity(facts) };
}

function container(name: string, parts: Partial<Container> = {}): Container {
  return {
    identity: name,
    id: name,
    name,
    image: 'i',
    role: 'worker',
    state: 'running',
    createdAtMs: 1,
    counters: NO_COUNTS,
    seenAtMs: 1,
    ...parts,
  };
}

const devices = (...names: readonly string[]): GpuRequest => ({ kind: 'devices', devices: names });
const FOUR = ['0', '1', '2', '3'].map((index) => gpu(index));
/** GPU 1 is divided and not there as a whole, GPU 2 is divided and there. */
const MIG = [
  gpu('0'),
  gpu('1', { mig: { id: '5' } }),
  gpu('1', { mig: { id: '6' } }),
  gpu('2'),
  gpu('2', { mig: { id: '5' } }),
];

describe('a container is linked', () => {
  const cases: readonly (readonly [string, Partial<Container>, readonly Gpu[], readonly string[]])[] = [
    ['to a GPU by index', { gpuRequest: devices('2') }, FOUR, ['GPU-2a']],
    ['to a GPU by UUID, whatever its case', { gpuRequest: devices('gpu-2A') }, FOUR, ['GPU-2a']],
    ['to a GPU by device file', { gpuRequest: devices('nvidia3') }, FOUR, ['GPU-3a']],
    [
      'by device file although the index is another',
      { gpuRequest: devices('nvidia0') },
      [gpu('0', { device: 'nvidia1' }), gpu('1', { device: 'nvidia0' })],
      ['GPU-1a'],
    ],
    ['to several, each once', { gpuRequest: devices('0', 'GPU-3a', 'GPU-0a') }, FOUR, ['GPU-0a', 'GPU-3a']],
    ['to all', { gpuRequest: { kind: 'all' } }, FOUR, ['GPU-0a', 'GPU-1a', 'GPU-2a', 'GPU-3a']],
    [
      'to the one it is named for when it may use all',
      { gpuRequest: { kind: 'all' }, gpu: '2' },
      FOUR,
      ['GPU-2a'],
    ],
    [
      'to all when it is named for one that is not there',
      { gpuRequest: { kind: 'all' }, gpu: '9' },
      FOUR.slice(2),
      ['GPU-2a', 'GPU-3a'],
    ],
    ['by the engine before label and name', { gpuRequest: devices('1'), gpu: '0' }, FOUR, ['GPU-1a']],
    [
      'by label or name when the engine gives none',
      { gpuRequest: { kind: 'none' }, gpu: '3' },
      FOUR,
      ['GPU-3a'],
    ],
    ['by label or name before it was inspected', { gpu: '0,1' }, FOUR, ['GPU-0a', 'GPU-1a']],
    ['to nothing that is not there', { gpuRequest: devices('9') }, FOUR, []],
    ['to nothing when nobody says so', {}, FOUR, []],
    ['to a MIG instance', { gpuRequest: devices('MIG-GPU-1a/6/0') }, MIG, ['GPU-1a/6']],
    [
      'to a MIG instance of a GPU that is there too',
      { gpuRequest: devices('MIG-GPU-2a/5/0') },
      MIG,
      ['GPU-2a/5'],
    ],
    ['to all instances of a divided GPU', { gpuRequest: devices('1') }, MIG, ['GPU-1a/5', 'GPU-1a/6']],
    ['to a GPU as a whole where it is there', { gpuRequest: devices('2:0') }, MIG, ['GPU-2a']],
    [
      'to all, of which no part twice',
      { gpuRequest: { kind: 'all' } },
      MIG,
      ['GPU-0a', 'GPU-1a/5', 'GPU-1a/6', 'GPU-2a'],
    ],
  ];
  for (const [what, parts, gpus, expected] of cases) {
    it(what, () => {
      const links = linkGpus([container('w', parts)], gpus);
      assert.deepEqual(
        links.map(({ identity }) => identity),
        expected,
      );
    });
  }

  const states: readonly (readonly [ContainerState, number])[] = [
    ['running', 1],
    ['paused', 1],
    ['restarting', 1],
    ['created', 0],
    ['exited', 0],
    ['dead', 0],
    ['removing', 0],
  ];
  for (const [state, count] of states) {
    it(`${count ? 'while' : 'not while'} it is ${state}`, () => {
      assert.equal(linkGpus([container('w', { state, gpu: '0' })], FOUR).length, count);
    });
  }

  it('with its stage, and the GPU under the names of its metrics', () => {
    const links = linkGpus([container('w', { stage: 'G3', gpuRequest: devices('MIG-GPU-1a/6/0') })], MIG);
    assert.deepEqual(links, [
      { identity: 'GPU-1a/6', index: '1', uuid: 'GPU-1a', migId: '6', container: 'w', stage: 'G3' },
    ]);
  });
});

describe('links', () => {
  it('that stood before are the same objects', () => {
    const before = linkGpus([container('a', { gpu: '0' }), container('b', { gpu: '1' })], FOUR);
    const after = linkGpus([container('a', { gpu: '0' }), container('b', { gpu: '2' })], FOUR, before);
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
  });

  it('are worked out anew only after a change', () => {
    const containers = new Map([['a', container('a', { gpu: '0' })]]);
    const gpus = new Map([['GPU-0a', gpu('0')]]);
    const memory = createGpuLinkMemory({ containers, gpus });
    memory.invalidate();
    const first = memory.links();
    assert.equal(first.length, 1);
    assert.equal(memory.links(), first);
    containers.clear();
    assert.equal(memory.links(), first);
    memory.invalidate();
    assert.deepEqual(memory.links(), []);
  });

  it('of 10,000 containers and 16 GPUs take no time to speak of', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      container(`w${index}`, { gpu: String(index % 16) }),
    );
    const gpus = Array.from({ length: 16 }, (_, index) => gpu(String(index)));
    const startMs = performance.now();
    assert.equal(linkGpus(many, gpus).length, 10_000);
    assert.ok(performance.now() - startMs < 500);
  });
});

it('one device is named alone, several and all are not', () => {
  assert.equal(singleDevice(devices('3')), '3');
  assert.equal(singleDevice(devices('nvidia3')), '3');
  assert.equal(singleDevice(devices('GPU-a')), 'GPU-a');
  assert.equal(singleDevice(devices('1', '2')), undefined);
  assert.equal(singleDevice({ kind: 'all' }), undefined);
  assert.equal(singleDevice(undefined), undefined);
});
