/** Asks the engine for the CPU time of a few containers: slow and dear for it, so only where no control group is seen. */

import { describeError } from '../../lib/describe-error.js';
import type { SourceContext } from '../source.js';
import type { DockerClient } from './docker-client.js';
import { parseStats } from './parse-cpu.js';

export type StatsClient = Pick<DockerClient, 'getJsonApart'>;

export interface StatsReader {
  /** Never rejects, and asks nothing while the answers to the last call are not all there. */
  ask(client: StatsClient, ids: readonly string[], signal: AbortSignal): Promise<void>;
}

/**
 * All at once: older engines answer each at their next tick of a second, however many are asked for, so that a hundred
 * one after the other take a hundred seconds. https://github.com/moby/moby/pull/46448
 */
const MAX_AT_ONCE = 64;
const MAX_STATS_BYTES = 256 * 1024;

export function createStatsReader({ clock, log, apply }: SourceContext): StatsReader {
  /** In the order of asking: where there are more than can be asked at once, those whose turn was longest ago come first. */
  const asked = new Set<string>();
  let isAsking = false;
  let wasFailing = false;

  async function askOne(client: StatsClient, id: string, signal: AbortSignal): Promise<void> {
    const path = `/containers/${encodeURIComponent(id)}/stats`;
    const query = { stream: false, 'one-shot': true };
    const answer = await client.getJsonApart({ path, query }, MAX_STATS_BYTES);
    const usedSeconds = answer === undefined ? undefined : parseStats(answer);
    if (usedSeconds === undefined || signal.aborted) return;
    apply({ kind: 'cpu-read', atMs: clock.nowMs(), readings: [{ id, usedSeconds }] });
  }

  function nextTurn(ids: readonly string[]): readonly string[] {
    const wanted = new Set(ids);
    for (const id of asked) if (!wanted.has(id)) asked.delete(id);
    const turn = [...ids.filter((id) => !asked.has(id)), ...asked].slice(0, MAX_AT_ONCE);
    for (const id of turn) {
      asked.delete(id);
      asked.add(id);
    }
    return turn;
  }

  return {
    async ask(client, ids, signal) {
      if (isAsking) return;
      isAsking = true;
      const turn = nextTurn(ids);
      const answers = await Promise.allSettled(turn.map((id) => askOne(client, id, signal)));
      isAsking = false;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (signal.aborted || turn.length === 0) return;
      if (failed && !wasFailing)
        log.warn(
          { problem: describeError(failed.reason) },
          'the engine does not tell the CPU time of a suspect',
        );
      wasFailing = failed !== undefined;
    },
  };
}
