/** Arbitrary observations of every source, with names that look alike, that must be escaped, or that are no text at all. */

import fc from 'fast-check';
import type { Observation } from '../../src/fleet/observations.js';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import { containerFacts, NOW_MS } from './build-fleet.js';

/** Small, so that names meet: what looks alike on the page, what must be escaped there, what is no text at all. */
const CHARACTERS = [
  'a',
  '\uFFFD',
  '\uD800',
  '\uDC80',
  '"',
  '\n',
  '\\',
  'ud800',
  '\u00E9',
  'e\u0301',
  '/',
  ' ',
];
export const anyName = fc
  .array(fc.constantFrom(...CHARACTERS), { maxLength: 2 })
  .map((parts) => parts.join(''));
const maybeName = fc.option(anyName, { nil: undefined });
const count = fc.nat(3);

const anyContainer: fc.Arbitrary<Observation> = fc
  .record({
    name: anyName,
    id: fc.constantFrom('1', '2', '3'),
    stage: anyName,
    service: anyName,
    gpu: anyName,
  })
  .map(({ name, id, stage, service, gpu }) => ({
    kind: 'container-inspected',
    atMs: NOW_MS,
    facts: containerFacts(name, {
      id,
      health: 'healthy',
      labels: {
        'stagewatch.role': 'worker',
        'stagewatch.stage': stage,
        'stagewatch.gpu': gpu,
        'com.docker.compose.service': service,
        'com.docker.compose.project': 'p',
        'com.docker.compose.container-number': '1',
      },
      gpuRequest: { kind: 'all' },
    }),
  }));

const anyCpu: fc.Arbitrary<Observation> = fc
  .constantFrom('1', '2', '3')
  .map((id) => ({ kind: 'cpu-read', atMs: NOW_MS, readings: [{ id, usedSeconds: 1 }] }));

const anyBroker: fc.Arbitrary<Observation> = fc
  .record({ vhost: anyName, names: fc.array(anyName, { maxLength: 4 }) })
  .map(({ vhost, names }) => ({
    kind: 'broker-read',
    atMs: NOW_MS,
    vhost,
    readings: (['metrics', 'management'] as const).map((via) => ({
      via,
      atMs: NOW_MS,
      isComplete: true,
      queues: names.map((name) => ({
        name,
        status: 'present' as const,
        ready: 1,
        consumers: 0,
        published: 1,
      })),
      version: '4.0',
    })),
    ways: [{ via: 'metrics', isUp: true, target: 'x' }],
    consumerTimeoutMs: 1000,
    leftOutCount: 0,
  }));

const anyReport = fc
  .record({
    name: anyName,
    stage: maybeName,
    document: maybeName,
    role: fc.constantFrom('worker', 'orchestrator'),
  })
  .map((fields) => JSON.stringify({ ...fields, state: 'running', done: 1, total: 2 }));

const anyProgress: fc.Arbitrary<Observation> = fc
  .array(fc.tuple(anyName, anyReport), { maxLength: 3 })
  .map((files) => ({
    kind: 'progress-swept',
    atMs: NOW_MS,
    isComplete: false,
    changed: files.map(([name, text]) => ({ name, mtimeMs: NOW_MS, reading: parseProgress(text, name) })),
    removed: [],
    skipped: 0,
  }));

const anyMessage: fc.Arbitrary<Observation> = anyReport.map((text) => ({
  kind: 'progress-message',
  text,
  atMs: NOW_MS,
}));

const anySentinels: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .record({ stages: fc.array(anyName, { maxLength: 3 }), reasons: fc.array(anyName, { maxLength: 3 }) })
    .map((known) => ({ kind: 'sentinels-watched', ...known }) as const),
  fc
    .array(fc.record({ stage: anyName, successes: count, failures: count }), { maxLength: 4 })
    .map((counts) => ({ kind: 'sentinels-counted', counts }) as const),
  fc
    .record({ stage: anyName, reason: anyName, outcome: fc.constantFrom('success', 'failure') })
    .map((said) => ({ kind: 'sentinel-seen', sentinel: { ...said, error: 'x', atMs: NOW_MS } }) as const),
);

const anyGpu = fc
  .record({ uuid: anyName, index: anyName, mig: maybeName, model: anyName, xid: anyName })
  .map(({ mig, xid, ...facts }) => ({
    ...facts,
    ...(mig !== undefined && { mig: { id: mig } }),
    memory: { usedBytes: 1 },
    xids: { totals: new Map([[xid, 1]]), recent: new Map<string, number>() },
  }));

const anyGpus: fc.Arbitrary<Observation> = fc
  .array(anyGpu, { maxLength: 3 })
  .map((gpus) => ({ kind: 'gpus-read', atMs: NOW_MS, gpus }));

const anyStages: fc.Arbitrary<Observation> = fc
  .array(fc.record({ id: anyName, name: anyName, queue: anyName }), { maxLength: 3 })
  .map((stages) => ({
    kind: 'stages-configured',
    stages: stages.map((stage, index) => ({ ...stage, order: index + 1 })),
  }));

/** What a daemon may be told by all of its sources, in any order. */
export const anyObservations = fc.array(
  fc.oneof(anyContainer, anyCpu, anyBroker, anyProgress, anyMessage, anySentinels, anyGpus, anyStages),
  { maxLength: 12 },
);
