/** Lists the containers that may hold memory of a GPU. */

import type { Container, Fleet } from './model.js';

/** Ids of those that run, likeliest first: the engine gives them a GPU, then those with one in name or label, then all. */
export function listGpuContainers({
  containers,
  ignored,
}: Pick<Fleet, 'containers' | 'ignored'>): readonly string[] {
  const running = [...containers.values()].filter(({ state }) => state === 'running' || state === 'paused');
  const ranked = running.toSorted((one, other) => rankOf(one) - rankOf(other));
  const others = [...ignored.values()].filter(({ isEnded }) => !isEnded);
  return [...ranked, ...others].map(({ id }) => id);
}

function rankOf({ gpuRequest, gpu }: Container): number {
  if (gpuRequest?.kind === 'devices' || gpuRequest?.kind === 'all') return 0;
  return gpu === undefined ? 2 : 1;
}
