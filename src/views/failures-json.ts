/** The failure sentinels that are present, for /api/v1/fleet: newest first, absent facts are null. */

import type { Failure, SentinelFacts } from '../fleet/sentinel-model.js';
import { toIso } from './iso-time.js';

export function renderFailures({ failures }: SentinelFacts) {
  return [...failures.values()]
    .toSorted((one, other) => other.writtenAtMs - one.writtenAtMs)
    .map((failure) => renderFailure(failure));
}

function renderFailure(failure: Failure) {
  return {
    path: failure.path,
    stage: failure.stage,
    document: failure.document ?? null,
    worker: failure.worker ?? null,
    reason: failure.reason,
    error: failure.error,
    writtenAt: toIso(failure.writtenAtMs),
    failedAt: toIso(failure.failedAtMs),
    firstSeenAt: toIso(failure.firstSeenAtMs),
  };
}
