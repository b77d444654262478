import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { CommandContext } from '../../src/cli/command-context.js';
import { runCommandLine } from '../../src/cli/program.js';
import { type SimulatedJournal, writeSimulatedJournal } from '../support/simulated-journal.js';

const START_MS = 1_763_899_200_000;
const MINUTES = 70;
const RANGE = ['--from', String(START_MS / 1000), '--to', String(START_MS / 1000 + MINUTES * 60)];

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let stdout = '';
  let stderr = '';
  const context: CommandContext = {
    env,
    version: '0',
    isTerminal: false,
    write: (text) => (stdout += text),
    writeError: (text) => (stderr += text),
    onSignal: () => undefined,
  };
  const code = await runCommandLine(['report', ...args], context);
  return { code, stdout, stderr };
}

interface Told {
  readonly figures: Record<string, number | null>;
  readonly stages: {
    id: string;
    completed: number;
    p95Seconds: number;
    queueWaitSeconds: number;
    bottleneckShare: number;
  }[];
  readonly stuck: { container: string; seconds: number }[];
  readonly alerts: { kind: string; beganAtMs: number; openedAtMs: number; clearedAtMs: number | null }[];
  readonly failures: { count: number; signature: string; examples: { error: string }[] }[];
  readonly gpus: { gpu: string; peakBytes: number; stages: string[] }[];
  readonly restarts: { container: string; result: string; lost: string }[];
  readonly restartCounts: Record<string, number>;
  readonly notes: string[];
  readonly verdict: { hasFailed: boolean; reasons: string[] } | null;
  readonly against: { figures: Record<string, number> } | null;
}

describe('a report from the journal alone', () => {
  let folder = '';
  let truth: SimulatedJournal;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stagewatch-report-'));
    truth = await writeSimulatedJournal({
      folder,
      profile: '2gpu',
      seed: 4,
      startMs: START_MS,
      minutes: MINUTES,
      faults: [
        ['hang', 25, 20],
        ['crash-with-sentinel', 30, 5],
        ['crash', 35, 10],
        ['understaffed-stage', 40, 30],
      ],
    });
    const at = new Date(START_MS + 50 * 60_000).toISOString();
    const restart = {
      at,
      incident: 'i1',
      container: 'paddle-worker-gpu0-1',
      stage: 'G3_02',
      by: 'stagewatch',
    };
    const hostile = '<img src=x onerror=alert(1)> | [x](javascript:1) \u001b[31m';
    const lines = [
      { ...restart, type: 'restart_planned', cost: 'loses 12 of 40 pages of PMC1' },
      { ...restart, type: 'restart_started', why: 'stuck for 6m' },
      { ...restart, type: 'restart_ended', result: 'not_recovered', tookMs: 90_000, text: 'no better' },
      { at, type: 'failure', stage: 'G1', document: 'D', worker: 'w', reason: 'other', error: hostile },
    ];
    await appendFile(
      join(folder, 'journal.jsonl'),
      `${lines.map((entry) => JSON.stringify(entry)).join('\n')}\n{"at":"torn\n`,
    );
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const report = (...args: string[]) => run(['--journal', folder, ...RANGE, ...args]);
  const told = async (...args: string[]): Promise<Told> =>
    JSON.parse((await report('--format', 'json', ...args)).stdout) as Told;

  it('counts the documents that were really done and failed', async () => {
    const { figures } = await told();
    assert.equal(figures['done'], truth.documentsDone);
    assert.equal(figures['failed'], truth.documentsFailed + 1, 'and the one that was added');
  });

  it('tells of stages, stuck time, alerts, GPUs and restarts', async () => {
    const { stages, stuck, alerts, gpus, restarts, restartCounts, figures } = await told();
    assert.equal(stages.length, 10);
    const witnesses = stages.find(({ id }) => id === 'G3_02');
    assert.ok((witnesses?.p95Seconds ?? 0) > 120 && (witnesses?.p95Seconds ?? 0) < 600);
    assert.ok(stages.some(({ bottleneckShare }) => bottleneckShare > 0));
    assert.ok((stuck[0]?.seconds ?? 0) > 10 * 60);
    const found = alerts.find(({ kind }) => kind === 'WorkerStuck');
    assert.ok(found && found.openedAtMs > found.beganAtMs);
    assert.ok((figures['detect'] ?? 0) > 0);
    assert.deepEqual(
      gpus.map(({ gpu, stages: users }) => [gpu, users.length]),
      [
        ['0', 10],
        ['1', 10],
      ],
    );
    assert.deepEqual(
      restarts.map(({ container, result, lost }) => [container, result, lost]),
      [['paddle-worker-gpu0-1', 'not_recovered', 'loses 12 of 40 pages of PMC1']],
    );
    assert.ok((restartCounts['other'] ?? 0) + (restartCounts['policy'] ?? 0) > 0);
  });

  it('fits a terminal of 80 columns, and cuts nothing off in its tables', async () => {
    const { stdout } = await report();
    const lines = stdout.split('\n');
    // 110 columns: the width without a terminal.
    assert.deepEqual(
      lines.filter((line) => line.length > 110),
      [],
    );
    const narrow = await run(['--journal', folder, ...RANGE], { COLUMNS: '80' });
    const text = narrow.stdout;
    assert.deepEqual(
      text.split('\n').filter((line) => Array.from(line).length > 80),
      [],
    );
    assert.doesNotMatch(
      text.slice(text.indexOf('Restarts'), text.indexOf('What this rests on')),
      /\S… |\S…$/m,
    );
    assert.match(text, /^ {6}work lost: loses 12 of 40 pages of PMC1$/m);
  });

  it('is of the range in which something is known, and says so where more was asked for', async () => {
    const asked = ['--from', String(START_MS / 1000 - 8 * 3600), '--to', String(START_MS / 1000 + 16 * 3600)];
    const all = JSON.parse(
      (await run(['--journal', folder, ...asked, '--format', 'json'])).stdout,
    ) as Told & {
      range: { fromMs: number; toMs: number };
    };
    assert.ok(
      Math.abs(all.range.fromMs - START_MS) < 60_000 && all.range.toMs - START_MS <= MINUTES * 60_000,
    );
    assert.ok(all.notes.some((note) => note.startsWith('asked for was 2025-11-23 ')));
    assert.equal(all.figures['throughput'], (await told()).figures['throughput']);
  });

  it('names the column of each cell in HTML, so that a narrow window can do without a table', async () => {
    const { stdout } = await report('--format', 'html');
    assert.match(stdout, /<td data-title="work lost">loses 12 of 40 pages of PMC1<\/td>/);
    assert.match(stdout, /@media \(max-width: 640px\)/);
  });

  it('says which lines it could not read', async () => {
    assert.ok((await told()).notes.includes('left out: 1 line of the journal that cannot be read'));
  });

  it('compares with the range before', async () => {
    const { against, figures } = await told('--from', '2025-11-23T12:30:00Z', '--against', '30m');
    assert.ok(against && (against.figures['jobs'] ?? 0) > 0);
    assert.notEqual(against.figures['jobs'], figures['jobs']);
  });

  for (const [expression, code] of [
    ['failed>1000', 0],
    ['failed>0 and not_recovered>0', 1],
    ['throughput<1', 0],
  ] as const) {
    it(`ends with ${code} for --fail-if “${expression}”`, async () => {
      const result = await report('--fail-if', expression);
      assert.equal(result.code, code);
      assert.match(result.stdout, code === 0 ? /✓ passed/ : /✖ failed: failed>0/);
    });
  }

  it('in HTML is one file without script, whose policy allows its own style alone', async () => {
    const { stdout } = await report('--format', 'html', '--against', '30m');
    const style = stdout.split(/<\/?style>/)[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    assert.ok(stdout.includes(`default-src 'none'; style-src 'sha256-${hash}'`));
    assert.doesNotMatch(stdout, /<script|<img|style="|href=|src=(?!x)|url\(/);
    assert.match(stdout, /&lt;img src=x/);
    assert.ok((stdout.match(/<svg /g)?.length ?? 0) >= 2);
    assert.doesNotMatch(stdout, /NaN|undefined|Infinity/);
  });

  it('in Markdown and in the terminal lets nothing from outside through', async () => {
    const markdown = (await report('--format', 'markdown')).stdout;
    assert.doesNotMatch(markdown, /<img|(?<!\\)\[x\]/);
    const row = markdown.split('\n').find((text) => text.startsWith('| ') && text.includes('onerror'));
    assert.equal(row?.match(/(?<!\\)\|/g)?.length, 7, 'six columns');
    const terminal = (await report()).stdout;
    assert.ok(!terminal.includes('\u001b'));
    assert.ok(
      terminal.split('\n').every((line) => line.length <= 110),
      'as wide as a terminal',
    );
  });
});

async function answering(test: TestContext, status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = status;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a report from a Prometheus', () => {
  for (const [what, status, body, expected] of [
    ['answers with an error', 422, '{"status":"error","error":"too many points"}', /status 422/],
    ['says no', 200, '{"status":"error","error":"query timed out"}', /query timed out/],
    ['is none', 200, '<html>', /is not a Prometheus/],
    [
      'knows nothing of the pipeline',
      200,
      '{"status":"success","data":{"result":[]}}',
      /knows nothing of the pipeline/,
    ],
  ] as const) {
    it(`that ${what} says so and ends with 1`, async (test) => {
      const url = await answering(test, status, body);
      const { code, stderr, stdout } = await run(['--prometheus', url, ...RANGE]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, expected);
    });
  }

  it('that is gone leaves the journal to be told, with a note', async (test) => {
    const url = await answering(test, 500, '');
    const folder = await mkdtemp(join(tmpdir(), 'stagewatch-report-'));
    test.after(() => rm(folder, { recursive: true, force: true }));
    const at = new Date(START_MS + 60_000).toISOString();
    await appendFile(join(folder, 'journal.jsonl'), `${JSON.stringify({ at, type: 'daemon_started' })}\n`);
    const { code, stdout } = await run(['--prometheus', url, '--journal', folder, ...RANGE]);
    assert.equal(code, 0);
    const text = stdout.replaceAll(/\s+/g, ' ');
    assert.match(text, /cannot be read: GET .*status 500/);
    assert.match(text, /holds no run summaries/);
  });

  for (const [args, expected] of [
    [[], /nothing to report from; name a Prometheus/],
    [['--journal', '/nowhere/at/all'], /journal \/nowhere\/at\/all cannot be read: ENOENT/],
    [['--from', 'x'], /--from: expected a time like/],
    [['--from', '1h', '--to', '2h'], /--from must be before --to/],
    [['--against', 'x'], /--against: expected/],
    [['--fail-if', 'lost>1'], /--fail-if: no figure is called/],
    [['--prometheus', 'nowhere'], /is no URL/],
  ] as const) {
    it(`that is asked for by ${args.join(' ') || 'nobody'} says what is wrong`, async () => {
      const { code, stderr } = await run(args);
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }
});
