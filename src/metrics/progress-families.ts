/** Families of work in progress: the jobs of workers, the place of orchestrators, what a stage has done. */

import type { Fleet, SourceName } from '../fleet/model.js';
import {
  type IgnoredProgressMessages,
  type Job,
  type Orchestrator,
  PROGRESS_IGNORE_REASONS,
  type ProgressFileCounts,
  type StageWork,
  type Worker,
} from '../fleet/progress-model.js';
import { renderLabels } from './exposition.js';
import type { AnyFamilyGroup, FamilyGroup } from './family.js';
import { writeHistogram } from './histogram-series.js';

const LABELS = ['container', 'stage'];
const REASON_LABELS = PROGRESS_IGNORE_REASONS.map((reason) => [reason, renderLabels({ reason })] as const);

/** A worker's word is as old as the source that brought it. */
function feedOf(reporter: Worker | Orchestrator): SourceName {
  const isByBroker = reporter.isByMessage || ('hold' in reporter && reporter.hold !== undefined);
  return isByBroker ? 'rabbitmq' : 'progress';
}

/** Of a worker that takes one message at a time the one in hand is its job. */
function startOf({ job, hold }: Worker): number | undefined {
  return job?.startedAtMs ?? (hold?.reading === 'job' ? hold.sinceMs : undefined);
}

const workerFamilies: FamilyGroup<Worker> = {
  sourceOf: feedOf,
  entities: ({ workers }) => workers.values(),
  labelsOf: ({ container, stage }) => renderLabels({ container, stage }),
  families: [
    {
      name: 'pipeline_worker_job_start_timestamp_seconds',
      type: 'gauge',
      help: 'When the job under way was started, in Unix seconds; absent when idle.',
      labels: LABELS,
      write(worker, series) {
        const startedAtMs = startOf(worker);
        if (startedAtMs !== undefined) series(startedAtMs / 1000);
      },
    },
    {
      name: 'pipeline_worker_last_progress_timestamp_seconds',
      type: 'gauge',
      help: "When the job under way last moved, in Unix seconds of the daemon's clock; absent when idle.",
      labels: LABELS,
      write({ job }, series) {
        if (job) series(job.lastProgressAtMs / 1000);
      },
    },
    {
      name: 'pipeline_worker_job_progress_ratio',
      type: 'gauge',
      help: 'Share of the job under way that is done, 0 to 1; absent when idle or when the whole is not known.',
      labels: LABELS,
      write({ job }, series) {
        const ratio = progressRatio(job);
        if (ratio !== undefined) series(ratio);
      },
    },
    {
      name: 'pipeline_worker_clock_skew_seconds',
      type: 'gauge',
      help: "How far a worker's clock is ahead of the daemon's, in seconds, negative: behind; absent while they agree.",
      labels: LABELS,
      write({ job }, series) {
        if (job?.clockSkewMs !== undefined) series(job.clockSkewMs / 1000);
      },
    },
  ],
};

function progressRatio(job: Job | undefined): number | undefined {
  if (job?.done === undefined || job.total === undefined || job.total === 0) return undefined;
  return Math.min(1, job.done / job.total);
}

const orchestratorFamilies: FamilyGroup<Orchestrator> = {
  sourceOf: feedOf,
  entities: ({ orchestrators }) => orchestrators.values(),
  labelsOf: ({ container, stage }) => renderLabels({ container, stage }),
  families: [
    {
      name: 'pipeline_orchestrator_stage',
      type: 'gauge',
      help: 'The stage of the DAG that an orchestrator is at; always 1, absent when it tells none.',
      labels: LABELS,
      write({ stage }, series) {
        if (stage !== undefined) series(1);
      },
    },
  ],
};

const stageWorkFamilies: FamilyGroup<StageWork> = {
  entities: ({ stageWork }) => stageWork.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'pipeline_stage_jobs_completed_total',
      type: 'counter',
      help: 'Jobs of a stage that succeeded, by their state or a success sentinel; where no sentinels are watched also those whose progress file was removed or says idle, and messages acknowledged by workers that report no progress.',
      labels: ['stage'],
      write({ jobsCompleted }, series) {
        series(jobsCompleted);
      },
    },
    {
      name: 'pipeline_stage_jobs_failed_total',
      type: 'counter',
      help: 'Jobs of a stage that failed, by their state or a failure sentinel; a job told by both counts once.',
      labels: ['stage'],
      write({ jobsFailed }, series) {
        series(jobsFailed);
      },
    },
    {
      name: 'pipeline_stage_jobs_ended_unknown_total',
      type: 'counter',
      help: 'Jobs of a stage that ended without a word on how: given up for another document, or without the sentinel that was expected.',
      labels: ['stage'],
      write({ jobsEndedUnknown }, series) {
        series(jobsEndedUnknown);
      },
    },
    {
      name: 'pipeline_stage_job_duration_seconds',
      type: 'histogram',
      help: 'How long completed jobs of a stage took, in seconds, of those whose start is known.',
      labels: ['stage', 'le'],
      write({ jobDurations }, series) {
        writeHistogram(jobDurations, series);
      },
    },
  ],
};

const fileFamilies: FamilyGroup<ProgressFileCounts> = {
  source: 'progress',
  entities: ({ progressFileCounts }: Fleet) => (progressFileCounts ? [progressFileCounts] : []),
  labelsOf: () => '',
  families: [
    {
      name: 'stagewatch_progress_files',
      type: 'gauge',
      help: 'Progress files that are there now and of use.',
      labels: [],
      write({ used }, series) {
        series(used);
      },
    },
    {
      name: 'stagewatch_progress_files_ignored',
      type: 'gauge',
      help: 'Progress files that are there now and of no use, by reason.',
      labels: ['reason'],
      write({ ignored }, series) {
        for (const [reason, label] of REASON_LABELS) series(ignored[reason], label);
      },
    },
  ],
};

const messageFamilies: FamilyGroup<IgnoredProgressMessages> = {
  entities: ({ ignoredProgressMessages }: Fleet) =>
    ignoredProgressMessages ? [ignoredProgressMessages] : [],
  labelsOf: () => '',
  families: [
    {
      name: 'stagewatch_progress_messages_ignored_total',
      type: 'counter',
      help: 'Progress messages through the broker that were of no use, by reason.',
      labels: ['reason'],
      write({ counts }, series) {
        for (const [reason, count] of Object.entries(counts)) series(count, renderLabels({ reason }));
      },
    },
  ],
};

export const PROGRESS_FAMILY_GROUPS: readonly AnyFamilyGroup[] = [
  workerFamilies,
  orchestratorFamilies,
  stageWorkFamilies,
  fileFamilies,
  messageFamilies,
];
