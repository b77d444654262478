/** On a real engine: who waits for the job of a dead worker is told within seconds, and nobody else is. */

import assert from 'node:assert/strict';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { type PipelineWriter, startPipelineWriter } from '../support/pipeline-writer.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const STAGE = 'G3_02';
/** How each worker ends, by its name; its document has the same name. */
const WORKERS = ['killed', 'oom', 'crashed', 'by-docker-kill', 'stopped', 'succeeded'] as const;
type Ending = (typeof WORKERS)[number];

describe('fail fast on a real engine', { skip: skipWithout('docker', 'python') }, () => {
  let engine: RealDocker;
  let writer: PipelineWriter;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => unknown)[] = [];

  const nameOf = (ending: Ending): string => `${ending}-worker-gpu0-0`;
  const sentinelOf = (ending: Ending): string => join(folder, 'artifacts', ending, STAGE, 'sentinel.json');
  const failureOf = (ending: Ending): string => `${sentinelOf(ending)}.failed`;

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    engine = await startRealDocker();
    writer = startPipelineWriter();
    for (const path of ['progress', 'artifacts', 'gates']) await mkdir(join(folder, path));
    for (const ending of WORKERS) await start(ending);
    daemon = await startDaemon({ folder, config: configuration() });
    await daemon.whenReady();
    for (const ending of WORKERS) await beginJob(ending);
    await waitFor('all jobs to be seen', async () => {
      const { workers } = await read<{ workers: readonly { document: string | null }[] }>('/api/v1/fleet');
      return workers.filter(({ document }) => document !== null).length === WORKERS.length;
    });
  });

  after(async () => {
    await daemon?.stop();
    writer?.stop();
    for (const task of cleanups.reverse()) await task();
    await engine?.dispose();
  });

  /** Each waits for a file to appear, so that nothing ends before its time. */
  const start = (ending: Ending): Promise<string> => {
    // Its own first process lives on for a moment: an engine may miss the kill of one that takes the container along.
    const outOfMemory = '(x=a; while :; do x=$x$x; done); code=$?; sleep 1; exit $code';
    const act = ending === 'oom' ? outOfMemory : ending === 'crashed' ? 'exit 3' : 'sleep 10000';
    return engine.docker(
      ...['run', '-d', '--network', 'none', '--name', nameOf(ending), '--memory', '24m'],
      ...['-v', `${join(folder, 'gates')}:/gates`, IMAGE, 'sh', '-c'],
      `while [ ! -e /gates/${ending} ]; do sleep 0.1; done; ${act}`,
    );
  };

  const beginJob = (ending: Ending): Promise<void> =>
    writer.write(join(folder, 'progress', `${nameOf(ending)}.json`), {
      role: 'worker',
      name: nameOf(ending),
      stage: STAGE,
      document: ending,
      done: 12,
      total: 40,
      unit: 'page',
      // A job from before its container's start would be one of a life before.
      started_at: Date.now() / 1000,
    });

  const configuration = (): string => `
docker: { host: "${engine.host}" }
progress: { directory: "${join(folder, 'progress')}", interval: 200ms }
sentinels: { root: "${join(folder, 'artifacts')}" }
detection: { interval: 1s }
recovery: { write_failure_sentinels: true }
stages: [{ id: ${STAGE}, workers: "*-worker-*", redelivers: false }]
`;

  async function read<T>(path: string): Promise<T> {
    return ((await (await fetch(`${daemon.url}${path}`)).json()) as { data: T }).data;
  }

  const openGate = (ending: Ending): Promise<void> => writeFile(join(folder, 'gates', ending), '');

  async function pidOf(ending: Ending): Promise<number> {
    return (((await engine.inspect(nameOf(ending)))['State'] ?? {}) as { Pid: number }).Pid;
  }

  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  async function failure(ending: Ending): Promise<Record<string, unknown>> {
    await waitFor(`a failure sentinel for ${ending}`, () => exists(failureOf(ending)), 30_000);
    return JSON.parse(await readFile(failureOf(ending), 'utf8')) as Record<string, unknown>;
  }

  it('tells of workers that were killed, crashed or ran out of memory, and says how', async () => {
    process.kill(await pidOf('killed'), 'SIGKILL');
    await openGate('crashed');
    await openGate('oom');
    await engine.docker('kill', nameOf('by-docker-kill'));
    const killed = await failure('killed');
    assert.match(
      String(killed['error']),
      /^worker killed-worker-gpu0-0 died in the middle of the job: ended by signal 9 \(SIGKILL\), after \S+, at page 12 of 40$/,
    );
    assert.deepEqual([killed['exit_code'], killed['oom_killed'], killed['document']], [137, false, 'killed']);
    assert.match(String((await failure('crashed'))['error']), /exit status 3/);
    assert.match(String((await failure('by-docker-kill'))['error']), /SIGKILL/);
    const oom = await failure('oom');
    assert.equal(oom['oom_killed'], true);
    assert.match(String(oom['error']), /OOMKilled/);
  });

  it('leaves alone who was stopped on request, or has told of the end itself', async () => {
    await mkdir(join(folder, 'artifacts', 'succeeded', STAGE), { recursive: true });
    await writer.write(sentinelOf('succeeded'), { ok: true });
    process.kill(await pidOf('succeeded'), 'SIGKILL');
    await engine.docker('stop', '-t', '1', nameOf('stopped'));
    // One that dies after them is told: by then they would have been, too.
    await engine.docker('start', nameOf('killed'));
    const again = 'again';
    await writer.write(join(folder, 'progress', `${nameOf('killed')}.json`), {
      ...{
        role: 'worker',
        name: nameOf('killed'),
        stage: STAGE,
        document: again,
        started_at: Date.now() / 1000,
      },
    });
    await waitFor('its new job to be seen', async () => {
      const { workers } = await read<{ workers: readonly { document: string | null }[] }>('/api/v1/fleet');
      return workers.some(({ document }) => document === again);
    });
    process.kill(await pidOf('killed'), 'SIGKILL');
    await waitFor('the later one to be told', () =>
      exists(join(folder, 'artifacts', again, STAGE, 'sentinel.json.failed')),
    );
    assert.equal(await exists(failureOf('stopped')), false);
    assert.equal(await exists(failureOf('succeeded')), false);
  });

  it('counts and journals each, and takes the jobs for ended', async () => {
    // The file is there a moment before it is counted.
    await waitFor('all to be counted', async () => {
      const series = await daemon.metrics();
      return series.value('stagewatch_failure_sentinels_written_total', { stage: STAGE }) === 5;
    });
    const journal = await read<readonly Record<string, unknown>[]>('/api/v1/journal?type=failure_sentinel');
    assert.deepEqual(
      journal.map(({ result, document }) => `${String(result)} ${String(document)}`).toSorted(),
      ['written again', 'written by-docker-kill', 'written crashed', 'written killed', 'written oom'],
    );
    await waitFor('its own source to count them', async () => {
      const page = await daemon.metrics();
      return page.value('pipeline_failures_total', { stage: STAGE, reason: 'worker_died' }) === 4;
    });
  });
});
