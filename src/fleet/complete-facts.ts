/** Fills what one inspect of a container lacks with what was known of it: an absent field is no news. */

import type { ContainerFacts, InspectedFacts, ListedContainer } from './observations.js';

export function completeFacts(
  told: InspectedFacts,
  before: (ListedContainer & Partial<ContainerFacts>) | undefined,
): ContainerFacts {
  const { restartCount = 0, hasRestartPolicy = false } = before ?? {};
  return { restartCount, hasRestartPolicy, ...timesOf(told, before), ...told };
}

/** A container that has been started and ended keeps both times, whatever happens to it next. */
function timesOf(
  { startedAtMs: told, state }: InspectedFacts,
  before: Partial<ContainerFacts> = {},
): Partial<Pick<ContainerFacts, 'startedAtMs' | 'engineStartMs' | 'finishedAtMs'>> {
  const { startedAtMs, engineStartMs, finishedAtMs } = before;
  const isStartKept = told === undefined && state !== 'created' && startedAtMs !== undefined;
  return {
    ...(isStartKept && { startedAtMs, ...(engineStartMs !== undefined && { engineStartMs }) }),
    ...(finishedAtMs !== undefined && { finishedAtMs }),
  };
}
