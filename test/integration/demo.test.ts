import { describe, it } from 'node:test';
import { startDemo } from '../support/demo.js';
import { waitFor } from '../support/wait-for.js';

describe('stagewatch demo --recover', () => {
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
      // A minute on a machine that does nothing else.
      120_000,
    );
    test.diagnostic(`all was to be seen after ${Math.round((Date.now() - startedMs) / 1000)} s`);
  });
});
