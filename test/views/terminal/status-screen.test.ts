import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { FleetJson, RecoveryJson } from '../../../src/views/picture/api-shapes.js';
import { describePicture } from '../../../src/views/picture/picture.js';
import { encodeLine, type InkOptions } from '../../../src/views/terminal/ink.js';
import {
  describeNarrowing,
  NOT_NARROWED,
  narrowPicture,
} from '../../../src/views/terminal/narrow-picture.js';
import { renderScreen } from '../../../src/views/terminal/status-screen.js';
import { simulateFleetJson } from '../../support/simulated-fleet.js';

const PLAIN: InkOptions = { colours: 'none', theme: 'dark', isAscii: false };

interface Shown {
  readonly width: number;
  readonly ink?: InkOptions;
  readonly narrowing?: Partial<typeof NOT_NARROWED>;
  readonly isProblemsOnly?: boolean;
  readonly recovery?: RecoveryJson | null;
}

function show(fleet: FleetJson, shown: Shown): readonly string[] {
  const { width, ink = PLAIN, isProblemsOnly = false, recovery = null } = shown;
  const narrowing = { ...NOT_NARROWED, ...shown.narrowing };
  const nowMs = Date.parse(fleet.at ?? '') + 2000;
  const picture = narrowPicture(describePicture({ fleet, recovery, nowMs }), narrowing);
  const narrowedTo = describeNarrowing(narrowing);
  const options = { width, isProblemsOnly, narrowedTo, fault: null, pageRows: null };
  return renderScreen(picture, options).map(({ line }) => encodeLine(line, ink));
}

const FLEET = simulateFleetJson({
  profile: '8gpu',
  minutes: 45,
  faults: [
    { kind: 'hang', minute: 25 },
    { kind: 'crash', minute: 28 },
    { kind: 'mass-hang', minute: 30 },
    { kind: 'gpu-lost', minute: 41 },
    { kind: 'dcgm-outage', minute: 43 },
  ],
});

const RECOVERY: RecoveryJson = {
  enabled: true,
  dryRun: true,
  fleetBudget: { remaining: 17, max: 20, windowMs: 3_600_000 },
  workers: [],
  recent: [
    {
      at: '2025-11-23T12:40:00.000Z',
      container: 'paddle-worker-gpu7-4',
      stage: 'G3_02',
      result: 'not_recovered',
      by: 'stagewatch',
      why: 'stuck for 6m00s',
    },
  ],
  stages: [{ stage: 'G3_02', budgetRemaining: 0 }],
};

/** Set to write the files anew after a change that is meant; read the difference before it is committed. */
const IS_UPDATE = process.env['UPDATE_GOLDEN'] === '1';

describe('the status screen of 321 containers', () => {
  for (const width of [80, 120, 200]) {
    it(`is as it was looked at and found good, at ${width} columns`, () => {
      const text = `${show(FLEET, { width, recovery: RECOVERY }).join('\n')}\n`;
      const file = `test/fixtures/status/8gpu-${width}.txt`;
      if (IS_UPDATE || !existsSync(file)) writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }

  it('answers first whether it is bad, and fits its problems and flow into two pages', () => {
    const lines = show(FLEET, { width: 120 });
    assert.match(lines[0] ?? '', /^▲ \d+ problems; worst: /);
    assert.ok(lines.length < 120, `${lines.length} lines`);
    assert.ok(lines.indexOf('FLOW') > 0);
  });

  it('lists all workers of a stage that is asked for', () => {
    const lines = show(FLEET, { width: 120, narrowing: { stage: 'G3_02' } });
    const workers = lines.filter((line) => /^ {4}\S+ \w+ +paddle-worker-gpu/.test(line));
    assert.equal(workers.length, 48);
    assert.ok(lines.includes('shown: stage G3_02'));
    assert.ok(!lines.some((line) => line.includes('spine-worker')));
  });

  it('narrows to a GPU and to a text', () => {
    const gpu = show(FLEET, { width: 120, narrowing: { gpu: '3' } });
    assert.ok(gpu.filter((line) => /worker-gpu3-/.test(line)).length >= 20);
    assert.ok(!gpu.some((line) => /worker-gpu4-/.test(line)));
    const text = show(FLEET, { width: 120, narrowing: { text: 'Orchestrator-12' } });
    assert.equal(text.filter((line) => line.includes('orchestrator-12 ')).length, 1);
  });

  it('shows problems alone, all of them with all that is known', () => {
    const lines = show(FLEET, { width: 120, isProblemsOnly: true });
    assert.ok(!lines.includes('FLOW'));
    const { problems } = describePicture({ fleet: FLEET, nowMs: Date.parse(FLEET.at ?? '') });
    assert.ok(problems.length > 4);
    assert.equal(lines.filter((line) => /^ {2}[▲◆▪] /.test(line)).length, problems.length);
  });

  it('is ASCII alone when asked to be, and as wide as before', () => {
    const before = show(FLEET, { width: 120 });
    const after = show(FLEET, { width: 120, ink: { ...PLAIN, isAscii: true } });
    assert.ok(after.every((line) => /^[ -~]*$/.test(line)));
    assert.deepEqual(
      after.map((line) => line.length),
      before.map((line) => stringWidth(line)),
    );
    const signs = (lines: readonly string[]): number => lines.join('').split('?').length;
    assert.equal(signs(after), signs(before), 'the sign of what is unknown stands for nothing else');
  });

  it('has colours by the vocabulary, 24-bit or of the 256', () => {
    const [full] = show(FLEET, { width: 120, ink: { ...PLAIN, colours: '24-bit' } });
    assert.ok(full?.startsWith('\u001b[1;38;2;255;122;69m▲'));
    const [few] = show(FLEET, { width: 120, ink: { ...PLAIN, colours: '256' } });
    assert.ok(few?.startsWith('\u001b[1;38;5;209m▲'));
  });
});

const NAMES = [
  'paddle-worker-gpu0-0',
  '文書処理ワーカー',
  '🚀'.repeat(40),
  'a\u001b[31mb\nc',
  'e\u0301'.repeat(50),
  '',
];
const anyText = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'grapheme' }),
);
const anyTime = fc.oneof(fc.constant('2026-01-01T00:00:00Z'), anyText, fc.constant(null));
const anyCount = fc.oneof(fc.nat(), fc.double(), fc.constant(null));
const anyRecords = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.array(fc.record(shape), { maxLength: 5 });
const anyStatus = fc.constantFrom('stuck', 'active', 'idle', 'waiting', 'nonsense');
const anyFleet: fc.Arbitrary<FleetJson> = fc.record({
  at: fc.constant('2026-01-01T04:00:00Z'),
  sources: anyRecords({ source: anyText, target: anyText, up: fc.constantFrom(true, false, null) }),
  containers: anyRecords({
    container: anyText,
    role: fc.constantFrom('infrastructure', 'worker'),
    title: anyText,
    state: fc.constantFrom('running', 'exited'),
    startedAt: anyTime,
  }),
  stages: anyRecords({
    id: anyText,
    name: anyText,
    branch: anyText,
    jobsPerHour: anyCount,
    workersByStatus: fc.constant({ active: 3 }),
  }),
  queues: anyRecords({ queue: anyText, stage: anyText, ready: fc.record({ value: fc.nat() }) }),
  gpus: anyRecords({
    index: anyText,
    memory: fc.record({ usedBytes: anyCount, totalBytes: anyCount }),
    utilization: anyCount,
  }),
  workers: anyRecords({
    container: anyText,
    stage: anyText,
    status: anyStatus,
    reason: anyText,
    document: anyText,
    done: anyCount,
    total: anyCount,
    gpu: anyText,
  }),
  orchestrators: anyRecords({
    container: anyText,
    stage: anyText,
    status: anyStatus,
    dots: anyText,
    reason: anyText,
  }),
  findings: anyRecords({
    id: anyText,
    kind: fc.constantFrom('WorkerStuck', 'QueueGrowing', 'SourceDown', 'Other'),
    severity: fc.constantFrom('critical', 'warning', 'info'),
    container: anyText,
    queue: anyText,
    stage: anyText,
    summary: anyText,
    evidence: fc.array(anyText, { maxLength: 3 }),
    beganAt: anyTime,
  }),
});

describe('any screen', () => {
  it('has no line wider than asked, whatever the daemon says, and nothing in it that a terminal obeys', () => {
    fc.assert(
      fc.property(anyFleet, fc.integer({ min: 20, max: 240 }), fc.boolean(), (fleet, width, isAscii) => {
        for (const line of show(fleet, { width, ink: { ...PLAIN, isAscii } })) {
          assert.ok(stringWidth(line) <= width, `${stringWidth(line)} > ${width}: ${JSON.stringify(line)}`);
          assert.doesNotMatch(line, /\p{Cc}/u);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps commands whole, over several lines as a shell takes them', () => {
    const queue = { id: 'q', kind: 'QueueGrowing', severity: 'warning', queue: 'g3_02', vhost: '/' };
    const containers = [{ container: 'rabbitmq', role: 'infrastructure', state: 'running' }];
    const lines = show({ at: '2026-01-01T00:00:00Z', findings: [queue], containers }, { width: 60 });
    const at = lines.findIndex((line) => line.includes('$ docker exec'));
    const pasted = lines
      .slice(at, at + 3)
      .join('\n')
      .replaceAll(/^ {4}[$ ] /gm, '')
      .replaceAll(' \\\n', ' ');
    assert.match(
      pasted,
      /^docker exec rabbitmq rabbitmqctl list_queues -p \/ name messages_ready messages_unacknowledged consumers/,
    );
  });
});
