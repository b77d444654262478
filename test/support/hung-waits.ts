/** Counts how long jobs hang in a simulated run, by who still waits for them and by the named reason why nothing ends it. */

import type { Verdicts } from '../../src/detectors/verdicts.js';
import type { RecoveryPicture } from '../../src/recovery/recovery.js';
import type { Simulation } from '../../src/simulation/simulation.js';
import type { SimWorker, World } from '../../src/simulation/world.js';

/** What happens to one group of jobs that hang. */
export interface HungWait {
  /** The kind of fault that made them hang. */
  readonly fault: string;
  /** An orchestrator waits for the job; else it has given the document up, or another worker has done the work. */
  readonly isWaitedFor: boolean;
  /** A reason of recovery, or why it is not found yet. */
  readonly reason: string;
}

export interface HungWaits {
  /** Jobs that hang now do so for `lastsMs` more. */
  note(verdicts: Verdicts, picture: Pick<RecoveryPicture, 'plans'>, lastsMs: number): void;
  readonly list: readonly (HungWait & { readonly ms: number })[];
}

const HANGING: ReadonlySet<string> = new Set(['hang', 'livelock', 'mass-hang', 'gpu-lost']);
/** What a status says of a worker that hangs and is not found. */
const NOT_FOUND: Readonly<Record<string, string>> = {
  active: 'not found: its limit is not reached',
  slow: 'not found: its limit while busy is not reached',
  unknown: 'not found: a source is away',
  stuck: 'not found: at this moment',
};

export function createHungWaits({ world, truth }: Simulation): HungWaits {
  const sums = new Map<string, HungWait & { ms: number }>();

  function faultOf({ name }: SimWorker['container']): string {
    const last = truth.findLast(
      ({ kind, container, members }) =>
        HANGING.has(kind) && (container === name || members?.includes(name) === true),
    );
    return last?.kind ?? 'none';
  }

  return {
    note(verdicts, { plans }, lastsMs) {
      for (const worker of world.workers.values()) {
        if (!worker.job || (worker.mode !== 'hung' && worker.mode !== 'livelocked')) continue;
        const plan = plans.find(({ name }) => name === worker.container.name);
        const wait: HungWait = {
          fault: faultOf(worker.container),
          isWaitedFor: isWaitedFor(worker, world),
          reason: plan ? plan.reason : whyNotFound(worker, verdicts),
        };
        const key = Object.values(wait).join(' ');
        const sum = sums.get(key) ?? { ...wait, ms: 0 };
        sum.ms += lastsMs;
        sums.set(key, sum);
      }
    },
    get list() {
      return [...sums.values()];
    },
  };
}

function isWaitedFor({ job, stage }: SimWorker, { orchestrators, profile }: World): boolean {
  return [...orchestrators.values()].some(
    ({ document, place }) => document === job?.message.document && profile.stages[place]?.id === stage.id,
  );
}

function whyNotFound({ container }: SimWorker, { workers }: Verdicts): string {
  const verdict = [...workers.values()].find(({ standing }) => standing.container === container.name);
  return NOT_FOUND[verdict?.status ?? ''] ?? `not found: it is ${verdict?.status ?? 'not judged'}`;
}
