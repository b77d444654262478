/** Says in one line what the processes of a stuck worker do beside those of its stage that are at work. */

import type { Scene } from './scene.js';

export interface Compared {
  /** Key of the worker in the fleet. */
  readonly key: string;
  readonly stage: string | undefined;
  /** What was read of its processes before is no part of this wait. */
  readonly sinceMs: number;
}

/** What was read of peers before is about another step. */
const READ_WITHIN_MS = 2 * 60_000;
const MAX_PEERS = 2;

/** Empty where nothing was read of it, or of no peer. */
export function besidePeers(
  { key, stage, sinceMs }: Compared,
  { fleet, workers, nowMs }: Pick<Scene, 'fleet' | 'workers' | 'nowMs'>,
): readonly string[] {
  const own = fleet.processes.get(key);
  if (stage === undefined || own?.wait === undefined || own.atMs <= sinceMs) return [];
  const peers: { readonly container: string; readonly wait: string }[] = [];
  for (const [peer, { atMs, wait }] of fleet.processes) {
    const verdict = peer === key || nowMs - atMs > READ_WITHIN_MS ? undefined : workers.get(peer);
    if (wait === undefined || verdict?.status !== 'active' || verdict.standing.stage !== stage) continue;
    peers.push({ container: verdict.standing.container, wait });
  }
  if (peers.length === 0) return [];
  const shown = peers.slice(0, MAX_PEERS);
  const others = shown.map(({ container, wait }) => `${container} ${wait}`).join(' and ');
  return shown.some(({ wait }) => wait === own.wait)
    ? [`of its stage at work, ${others}: that it ${own.wait} says little`]
    : [`of its stage at work, ${others}; it alone ${own.wait}`];
}
