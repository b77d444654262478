import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { Observation } from '../../src/fleet/observations.js';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import { TERMINAL_CONTROLS } from '../../src/lib/escape-controls.js';
import { parseTextFormat } from '../../src/lib/text-format-parser.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { parseDcgm } from '../../src/sources/dcgm/parse-dcgm.js';
import { parseContainerList, parseInspected } from '../../src/sources/docker/parse-container.js';
import { parseDetailed } from '../../src/sources/rabbitmq/parse-detailed.js';
import { parseQueues } from '../../src/sources/rabbitmq/parse-management.js';
import { fleetOf, NOW_MS } from '../support/build-fleet.js';
import { createFakeClock } from '../support/fake-clock.js';
import { inspected } from '../support/fake-engine.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';

const SETTINGS = configSchema.parse({});
/** Of a label's value as Prometheus reads it: a name of 255 characters, each escaped. */
const MAX_VALUE = 255 * 6;

async function pageAfter(observations: readonly Observation[]): Promise<string> {
  const store = fleetOf();
  for (const source of ['rabbitmq', 'progress', 'sentinels', 'dcgm'] as const) {
    store.apply({ kind: 'source-watched', source, target: source });
    store.apply({ kind: 'source-read', source, atMs: NOW_MS, durationMs: 1 });
  }
  for (const observation of observations) store.apply(observation);
  const evaluation = createEvaluation({ fleet: store.fleet, settings: SETTINGS });
  evaluation.evaluate(NOW_MS);
  const page = createMetricsPage({
    fleet: store.fleet,
    daemon: () => ({ ...NO_DAEMON_FACTS, verdicts: evaluation.verdicts }),
    groups: ALL_FAMILY_GROUPS,
    clock: createFakeClock(NOW_MS),
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onLeftOut: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  return (await page.render()).toString();
}

/** Short ones, long ones, and long ones that differ at their very end. */
const hostile = fc
  .tuple(
    fc.constantFrom('a', '\u001b[2J', '\u202e', '\u0085', '\r', '\n', '"', '\\', '\u{1f600}', '\ud83d'),
    fc.constantFrom(1, 2, 60, 300, 5000),
    fc.constantFrom('', '1', '2'),
  )
  .map(([piece, times, end]) => piece.repeat(times) + end);

const anyEngine = fc
  .record({ name: hostile, stage: hostile, gpu: hostile, image: hostile, service: hostile })
  .map(({ name, stage, gpu, image, service }): Observation => {
    const labels = {
      'stagewatch.role': 'worker',
      'stagewatch.stage': stage,
      'stagewatch.gpu': gpu,
      'com.docker.compose.project': 'p',
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': '1',
    };
    const answer = inspected({ id: 'a'.repeat(64), name, state: 'running', labels });
    const facts = parseInspected({ ...answer, Config: { ...answer.Config, Image: image } });
    return { kind: 'container-inspected', atMs: NOW_MS, facts };
  });

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('\\u', 'u');
const anyBroker = fc.array(hostile, { minLength: 1, maxLength: 3 }).map((names): Observation => {
  const managed = parseQueues(
    JSON.stringify(names.map((name) => ({ name, messages_ready: 1, consumers: 0 }))),
  );
  const lines = names.map(
    (name) => `rabbitmq_detailed_queue_messages_ready{vhost="/",queue="${escaped(name)}"} 1`,
  );
  const detailed = parseDetailed(
    `# TYPE rabbitmq_detailed_queue_messages_ready gauge\n${lines.join('\n')}\n`,
    '/',
  );
  const fromMetrics = [...detailed.queues].map(([name, figures]) => ({
    name,
    status: 'present' as const,
    ...figures,
  }));
  return {
    kind: 'broker-read',
    atMs: NOW_MS,
    vhost: '/',
    readings: [
      { via: 'management', atMs: NOW_MS, isComplete: true, queues: managed.queues, version: '4.0' },
      { via: 'metrics', atMs: NOW_MS, isComplete: true, queues: fromMetrics, version: '4.0' },
    ],
    ways: [{ via: 'metrics', isUp: true, target: 'x' }],
    consumerTimeoutMs: 1000,
    leftOutCount: 0,
  };
});

const anyProgress = fc
  .record({ name: hostile, stage: hostile, document: hostile, message: hostile, queue: hostile })
  .map((fields): Observation => {
    const text = JSON.stringify({ ...fields, state: 'running', done: 1, total: 2 });
    const changed = [{ name: 'x', mtimeMs: NOW_MS, reading: parseProgress(text, 'x') }];
    return { kind: 'progress-swept', atMs: NOW_MS, isComplete: false, changed, removed: [], skipped: 0 };
  });

const anyGpus = fc.record({ uuid: hostile, model: hostile, index: hostile }).map(({ uuid, model, index }) => {
  const labels = `UUID="${escaped(uuid)}",modelName="${escaped(model)}",gpu="${escaped(index)}"`;
  const { gpus } = parseDcgm(parseTextFormat(`DCGM_FI_DEV_FB_USED{${labels}} 1\n`));
  return { kind: 'gpus-read', atMs: NOW_MS, gpus } satisfies Observation;
});

const anySource = fc.array(fc.oneof(anyEngine, anyBroker, anyProgress, anyGpus), { maxLength: 6 });

describe('what others write', () => {
  it('never puts a control character, a long value or a fault on /metrics', async () => {
    await fc.assert(
      fc.asyncProperty(anySource, async (observations) => {
        const text = await pageAfter(observations);
        assert.deepEqual(parseTextFormat(text).faults, []);
        assert.doesNotMatch(text.replaceAll('\n', ''), new RegExp(TERMINAL_CONTROLS.source, 'u'));
        for (const samples of parseTextFormat(text).samples.values()) {
          for (const { labels } of samples)
            for (const [name, value] of labels)
              assert.ok(value.length <= MAX_VALUE, `${name} has ${value.length} characters`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('stays two things when it differs only beyond what is kept', async () => {
    const [one, other] = ['1', '2'].map((end) => 'q'.repeat(1_000_000) + end);
    const facts = [one, other].map((name, index) =>
      parseInspected(
        inspected({ id: String(index).repeat(64), name: `${name}-worker-gpu0-0`, state: 'running' }),
      ),
    );
    const { queues } = parseQueues(JSON.stringify([{ name: one }, { name: other }]));
    assert.notEqual(facts[0]?.name, facts[1]?.name);
    assert.match(facts[0]?.name ?? '', /^q{242}…[0-9a-f]{12}$/);
    assert.notEqual(queues[0]?.name, queues[1]?.name);
    const page = await pageAfter(
      facts.map((one) => ({ kind: 'container-inspected', atMs: NOW_MS, facts: one }) as const),
    );
    assert.ok(page.length < 200_000, `${page.length} bytes`);
  });

  it('an id that is no id leaves its entry out', () => {
    const list = [{ Id: 'a'.repeat(1000), Names: ['/x'], State: 'running', Created: 1 }];
    assert.deepEqual(parseContainerList(list).containers, []);
    assert.equal(parseContainerList(list).problems.length, 1);
  });
});

describe('a flood of stages', () => {
  const sweep = (count: number): Observation => ({
    kind: 'progress-swept',
    atMs: NOW_MS,
    isComplete: false,
    changed: Array.from({ length: count }, (_, index) => ({
      name: `f${index}`,
      mtimeMs: NOW_MS,
      reading: parseProgress(
        JSON.stringify({ name: `w-worker-gpu0-${index}`, stage: `s${index}`, state: 'running' }),
      ),
    })),
    removed: [],
    skipped: 0,
  });

  it('from progress files is cut at 500, and the rest counted', async () => {
    const page = await pageAfter([sweep(2000)]);
    const stages = new Set([...page.matchAll(/stage="(s\d+)"/g)].map(([, stage]) => stage));
    assert.ok(stages.size <= 500, `${stages.size} stages`);
    assert.match(page, /reason="too_many"\} 1500/);
  });

  it('from sentinels is cut at 1000, and the rest counted as others', async () => {
    const seen = Array.from({ length: 3000 }, (_, index): Observation => {
      const sentinel = {
        stage: `s${index}`,
        reason: 'error',
        outcome: 'failure' as const,
        error: 'x',
        atMs: NOW_MS,
      };
      return { kind: 'sentinel-seen', sentinel };
    });
    const page = await pageAfter([{ kind: 'sentinels-watched', reasons: ['error'], stages: [] }, ...seen]);
    const stages = new Set(
      [...page.matchAll(/pipeline_failures_total\{stage="(\w+)"/g)].map(([, stage]) => stage),
    );
    assert.equal(stages.size, 1001);
    assert.match(page, /pipeline_failures_total\{stage="other",reason="error"\} 2000/);
  });
});
