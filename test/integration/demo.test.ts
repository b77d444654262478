import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { startDemo } from '../support/demo.js';
import { findProgram, skipWithout } from '../support/machine.js';
import { waitFor } from '../support/wait-for.js';

describe('stagewatch demo', () => {
  it('shows within a minute what is promised: a stuck worker, a growing queue, failures, and a restart that helps', async (test) => {
    const demo = await startDemo(test, ['--listen', '127.0.0.1:0', '--recover']);
    const url = await demo.url();
    const startedMs = Date.now();
    const opened = async (): Promise<readonly string[]> => {
      const answer = await fetch(`${url}/api/v1/journal?type=finding_opened`);
      return ((await answer.json()) as { data: { kind: string }[] }).data.map(({ kind }) => kind);
    };
    const recovered = async (): Promise<boolean> => {
      const answer = await fetch(`${url}/api/v1/recovery`);
      const { data } = (await answer.json()) as { data: { recent: { result: string }[] } };
      return data.recent.some(({ result }) => result === 'recovered');
    };
    const promised = ['WorkerStuck', 'QueueGrowing', 'FailuresSpiking'];
    await waitFor(
      'all that is promised',
      async () => {
        const kinds = await opened();
        return promised.every((kind) => kinds.includes(kind)) && (await recovered());
      },
      // Half a minute on a machine that does nothing else.
      200_000,
      async () => ({ opened: await opened(), output: demo.output() }),
    );
    test.diagnostic(`all was to be seen after ${Math.round((Date.now() - startedMs) / 1000)} s`);
  });

  it('starts a Prometheus with the shipped rules, and ends it', {
    skip: skipWithout('prometheus'),
  }, async (test) => {
    const program = findProgram('prometheus') ?? '';
    const demo = await startDemo(test, undefined, { PATH: dirname(program) });
    const url = await waitFor('a Prometheus', () => /(http:\S+)\/alerts/.exec(demo.output())?.[1], 30_000);
    await waitFor(
      'its first scrape',
      async () => {
        const answer = await fetch(`${url}/api/v1/query?query=count(pipeline_worker_status)`);
        return ((await answer.json()) as { data: { result: unknown[] } }).data.result.length === 1;
      },
      30_000,
    );
    const rules = await (await fetch(`${url}/api/v1/rules`)).text();
    assert.match(rules, /PipelineWorkerStuck/);
    demo.process.kill('SIGTERM');
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
    await assert.rejects(fetch(url), 'it has ended');
  });
});
