/** Shares the starts of a container between two inspects out among its restart policy and whoever else asked. */

export interface NotedStart {
  readonly atMs: number;
  /** A person or program stopped the container before, so the policy did not start it. */
  readonly isAskedFor: boolean;
}

/** The engine's facts at an inspect. */
export interface Settled {
  readonly restartCount: number;
  /** RestartCount already holds the start that has yet to come. */
  readonly isAhead: boolean;
  /** RestartCount does not hold yet the restart that follows the last end. */
  readonly isBehind: boolean;
  readonly hasRestartPolicy: boolean;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
}

/** A container that was made under our eyes and never started. */
export const UNBORN: Settled = {
  restartCount: 0,
  isAhead: false,
  isBehind: false,
  hasRestartPolicy: false,
  startedAtMs: undefined,
  finishedAtMs: undefined,
};

export interface Shares {
  readonly policy: number;
  readonly askedFor: number;
}

/**
 * RestartCount is exact while nobody but the policy starts the container, and falls to 0 when somebody else does:
 * then the starts themselves tell who made them.
 */
export function shareOut(from: Settled, to: Settled, starts: readonly NotedStart[]): Shares {
  const isFirstStart = from.startedAtMs === undefined && starts.length > 0;
  const restarts = starts.slice(isFirstStart ? 1 : 0);
  if (!to.hasRestartPolicy && to.restartCount === 0) return { policy: 0, askedFor: restarts.length };
  const pendingFrom = from.isAhead ? 1 : 0;
  const pendingTo = to.isAhead ? 1 : 0;
  const risen = to.restartCount - from.restartCount;
  const startsByPolicy = risen + pendingFrom - pendingTo;
  const isReset =
    risen < 0 || (restarts.some(({ isAskedFor }) => isAskedFor) && startsByPolicy !== restarts.length);
  if (!isReset) return { policy: risen, askedFor: Math.max(0, restarts.length - startsByPolicy) };
  // The last start that was asked for set RestartCount to 0; what it holds now was counted after that.
  const untilReset = restarts.slice(0, Math.max(0, restarts.length - (to.restartCount - pendingTo)));
  const askedFor = Math.max(1, untilReset.filter(({ isAskedFor }) => isAskedFor).length);
  const byPolicyBefore = Math.max(0, untilReset.length - askedFor - pendingFrom);
  return { policy: byPolicyBefore + to.restartCount, askedFor };
}
