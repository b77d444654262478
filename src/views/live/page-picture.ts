/** The picture that the page is drawn from: of the fleet as JSON, what the page shows. */

import type { Verdicts } from '../../detectors/verdicts.js';
import type { Fleet } from '../../fleet/model.js';
import type { Recovery } from '../../recovery/recovery.js';
import { renderFleetJson } from '../fleet-json.js';
import type { FleetHistory } from '../history/fleet-history.js';
import { renderRecovery } from '../recovery-json.js';

export interface PageFacts {
  readonly fleet: Fleet;
  readonly verdicts: () => Verdicts;
  readonly history: Pick<FleetHistory, 'trendOf' | 'paceOf'>;
  readonly recovery: Pick<Recovery, 'picture'>;
  /** Null: this daemon has no silences. */
  readonly silences: (nowMs: number) => readonly object[] | null;
  readonly version: string;
  /** When the newest entry of the journal was written; the page asks for the journal when it changes. */
  readonly journalAt: () => string | null;
  /** A token is configured, so that actions can be allowed at all. */
  readonly canAct: () => boolean;
  /** Other machines may read without authentication. */
  readonly isExposed: () => boolean;
}

/** What changes at every look without telling anything new is left out, so that nothing is sent for it. */
const CONTAINER_FIELDS = [
  'container',
  'id',
  'image',
  'role',
  'title',
  'stage',
  'gpu',
  'state',
  'health',
  'startedAt',
  'finishedAt',
  'lastExitCode',
] as const;
/** Of what is no part of the pipeline, which there may be hundreds of. */
const OTHER_FIELDS = [
  'container',
  'image',
  'role',
  'project',
  'state',
  'health',
  'startedAt',
  'finishedAt',
  'lastExitCode',
  'restarts',
  'oomEvents',
] as const;
const MAX_OTHERS = 500;
const JOB_FIELDS = [
  'container',
  'id',
  'stage',
  'status',
  'reason',
  'since',
  'document',
  'done',
  'total',
  'unit',
  'jobStartedAt',
  'lastProgressAt',
] as const;
const WORKER_FIELDS = [...JOB_FIELDS, 'gpu', 'message', 'queues', 'inHand'] as const;
const ORCHESTRATOR_FIELDS = [...JOB_FIELDS, 'dots', 'heldUpBy'] as const;
const QUEUE_FIELDS = ['queue', 'vhost', 'stage', 'status', 'trend'] as const;
const FLEET_FIELDS = ['sources', 'stages', 'gpus', 'broker', 'findings'] as const;

/** Without `at`, so that two of them are the same text when nothing has changed. */
export function renderPagePicture(facts: PageFacts, nowMs: number) {
  const fleet = renderFleetJson(facts.fleet, facts.verdicts(), nowMs, facts.history);
  return {
    version: facts.version,
    canAct: facts.canAct(),
    isExposed: facts.isExposed(),
    journalAt: facts.journalAt(),
    ...pick(fleet, FLEET_FIELDS),
    recovery: renderRecovery(facts.recovery.picture, nowMs),
    silences: facts.silences(nowMs),
    ...describeContainers(fleet.containers),
    workers: fleet.workers.map((worker) => pick(worker, WORKER_FIELDS)),
    orchestrators: fleet.orchestrators.map((orchestrator) => pick(orchestrator, ORCHESTRATOR_FIELDS)),
    queues: fleet.queues.map((queue) => ({
      ...pick(queue, QUEUE_FIELDS),
      ready: figureOf(queue.ready),
      unacked: figureOf(queue.unacked),
      consumers: figureOf(queue.consumers),
    })),
  };
}

type Containers = ReturnType<typeof renderFleetJson>['containers'];

function describeContainers(all: Containers) {
  const others = all.filter(({ role }) => role === 'other');
  return {
    containers: [
      ...all.filter(({ role }) => role !== 'other').map((container) => pick(container, CONTAINER_FIELDS)),
      ...others.slice(0, MAX_OTHERS).map((container) => ({
        ...pick(container, OTHER_FIELDS),
        // To a tenth: what changes at every reading would be sent at every reading.
        cpuRecentCores:
          container.cpuRecentCores === null ? null : Math.round(container.cpuRecentCores * 10) / 10,
      })),
    ],
    othersLeftOut: Math.max(0, others.length - MAX_OTHERS),
  };
}

function figureOf(figure: { readonly value: number } | null) {
  return figure && { value: figure.value };
}

function pick<T extends object, K extends keyof T>(whole: T, fields: readonly K[]): Pick<T, K> {
  const picked = {} as Pick<T, K>;
  for (const field of fields) picked[field] = whole[field];
  return picked;
}
