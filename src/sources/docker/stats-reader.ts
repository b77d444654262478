/**
 * Asks the engine for what a few containers use: slow and dear for it, so only for suspects. What they take in and give out
 * is always taken from the answer, CPU time only where no control group tells it.
 */

import type { Observation } from '../../fleet/observations.js';
import { describeError } from '../../lib/describe-error.js';
import type { SourceContext } from '../source.js';
import type { DockerClient } from './docker-client.js';
import { parseStats } from './parse-cpu.js';

export type StatsClient = Pick<DockerClient, 'getJsonApart'>;

export interface StatsReader {
  /** Never rejects, and asks nothing while the answers to the last call are not all there. */
  ask(client: StatsClient, wanted: StatsWanted, signal: AbortSignal): Promise<void>;
}

export interface StatsWanted {
  readonly ids: readonly string[];
  isCpuUnknown(id: string): boolean;
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

  async function askOne(client: StatsClient, id: string, wanted: StatsWanted): Promise<Observation[]> {
    const path = `/containers/${encodeURIComponent(id)}/stats`;
    const query = { stream: false, 'one-shot': true };
    const answer = await client.getJsonApart({ path, query }, MAX_STATS_BYTES);
    const stats = answer === undefined ? undefined : parseStats(answer);
    if (!stats) return [];
    const atMs = clock.nowMs();
    const { usedSeconds, io } = stats;
    const observations: Observation[] = [];
    if (wanted.isCpuUnknown(id)) {
      observations.push({ kind: 'cpu-read', atMs, readings: [{ id, usedSeconds }] });
    }
    if (io) observations.push({ kind: 'io-read', atMs, readings: [{ id, ...io }] });
    return observations;
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
    async ask(client, wanted, signal) {
      if (isAsking) return;
      isAsking = true;
      const turn = nextTurn(wanted.ids);
      const answers = await Promise.allSettled(
        turn.map(async (id) => {
          const observations = await askOne(client, id, wanted);
          if (!signal.aborted) observations.forEach(apply);
        }),
      );
      isAsking = false;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (signal.aborted || turn.length === 0) return;
      if (failed && !wasFailing)
        log.warn({ problem: describeError(failed.reason) }, 'the engine does not tell what a suspect uses');
      wasFailing = failed !== undefined;
    },
  };
}
