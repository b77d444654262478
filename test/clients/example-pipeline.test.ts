/** examples/pipeline on a real engine and a real broker, with this machine's Python, watched by the daemon. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { requireProgram, skipWithout } from '../support/machine.js';
import { waitFor } from '../support/wait-for.js';
import { type KitFleet, startKitFleet } from './support/kit-fleet.js';

const run = promisify(execFile);
const EXAMPLE = resolve('examples/pipeline');

describe('the compose file of the example', { skip: skipWithout('compose') }, () => {
  it('is understood by Docker Compose, and its configuration by the daemon', async () => {
    const file = join(EXAMPLE, 'compose.yaml');

    const { stdout } = await run(requireProgram('docker-compose'), ['-f', file, 'config', '-q']).catch(
      (error: { stderr: string }) => assert.fail(error.stderr),
    );
    assert.equal(stdout, '');
    const main = resolve('build/src/main.js');
    await run(process.execPath, [main, 'check-config', join(EXAMPLE, 'stagewatch.yaml')]);
  });
});

describe('the example pipeline', { skip: skipWithout('docker', 'rabbitmq', 'pythonKit') }, () => {
  let fleet: KitFleet;
  let daemon: Daemon;

  before(async () => {
    fleet = await startKitFleet(EXAMPLE);
    const { engine, broker, folder } = fleet;
    // Nothing but where things are, as in examples/pipeline/stagewatch.yaml.
    const own = parse(readFileSync(join(EXAMPLE, 'stagewatch.yaml'), 'utf8')) as Record<string, object>;
    assert.deepEqual(Object.keys(own), ['listen', 'docker', 'rabbitmq', 'progress', 'sentinels']);
    daemon = await startDaemon({
      folder,
      config: `
docker: { host: "${engine.host}" }
rabbitmq: { amqp_url: "${broker.amqpUrl}", management_url: "${broker.managementUrl}", interval: 1s }
progress: { directory: "${join(folder, 'progress')}" }
sentinels: { root: "${join(folder, 'data')}" }
`,
    });
  });

  after(async () => {
    await daemon?.stop();
    await fleet?.dispose();
  });

  const start = (name: string, program: string, env: Readonly<Record<string, string>>): Promise<void> =>
    fleet.run({ name, program, env: { SECONDS_A_PAGE: '0.05', ...env } });

  async function workers(): Promise<Record<string, Record<string, unknown>>> {
    const answer = (await (await fetch(`${daemon.url}/api/v1/fleet`)).json()) as {
      data: { workers: { container: string }[] };
    };
    return Object.fromEntries(answer.data.workers.map((one) => [one.container, one]));
  }

  const log = (name: string): Promise<string> => fleet.engine.docker('logs', name);

  it('carries documents through all stages; a bad one fails at once, and the daemon sees who works at what', async () => {
    await start('split-worker-1', 'worker.py', { STAGEWATCH_STAGE: 'G1_00' });
    await start('ocr-worker-1', 'worker.py', { STAGEWATCH_STAGE: 'G3_02', SECONDS_A_PAGE: '0.3' });
    await start('ocr-worker-2', 'worker.py', { STAGEWATCH_STAGE: 'G3_02', SECONDS_A_PAGE: '0.3' });
    await start('fuse-worker-1', 'worker.py', { STAGEWATCH_STAGE: 'G9_02' });
    await start('orchestrator-1', 'orchestrator.py', { DOCUMENTS: 'PMC1 PMC3' });
    await start('orchestrator-2', 'orchestrator.py', { DOCUMENTS: 'bad-1 PMC2' });
    const busy = await waitFor('a worker to be active', async () => {
      const all = Object.values(await workers());
      return all.find(({ status, stage, document }) => status === 'active' && stage === 'G3_02' && document);
    });
    assert.match(String(busy['document']), /^PMC[12]$/);
    // Killed outright in mid-job: the broker gives its job to the other one.
    await fleet.engine.docker('kill', String(busy['container']));
    await waitFor(
      'both orchestrators to end',
      async () =>
        /PMC3 done/.test(await log('orchestrator-1')) && /PMC2 done/.test(await log('orchestrator-2')),
      90_000,
      async () => [await log('orchestrator-1'), await log('orchestrator-2')],
    );
    assert.match(await log('orchestrator-1'), /PMC1 done/);
    const [, seconds, words] = /bad-1 failed after ([\d.]+) s: (.*)/.exec(await log('orchestrator-2')) ?? [];
    assert.equal(words, 'ValueError: cannot parse page 3 of bad-1');
    assert.ok(Number(seconds) < 10, `${seconds} s`);
    await waitFor('the daemon to count the failure', async () => {
      const page = await daemon.metrics();
      return page.value('pipeline_stage_jobs_failed_total', { stage: 'G1_00' }) === 1;
    });
  });
});
