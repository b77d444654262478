/** Families of what was judged: statuses of workers and orchestrators, limits in force, open findings. */

import { FINDING_KINDS, type Finding, isReportedByCause } from '../detectors/finding.js';
import {
  ORCHESTRATOR_STATUSES,
  type OrchestratorStanding,
  type OrchestratorStatus,
  type StageLimits,
  type StageStatusCounts,
  WORKER_STATUSES,
  type WorkerStanding,
  type WorkerStatus,
} from '../detectors/verdicts.js';
import type { DaemonFacts, EvaluationStats } from './daemon-facts.js';
import { renderLabels } from './exposition.js';
import type { AnyFamilyGroup, FamilyGroup } from './family.js';
import { writeHistogram } from './histogram-series.js';

const WORKER_STATUS_LABELS = WORKER_STATUSES.map((status) => [status, renderLabels({ status })] as const);
const ORCHESTRATOR_STATUS_LABELS = ORCHESTRATOR_STATUSES.map(
  (status) => [status, renderLabels({ status })] as const,
);
const KIND_LABELS = FINDING_KINDS.map((kind) => [kind, renderLabels({ kind })] as const);

const workerStatusFamilies: FamilyGroup<WorkerStanding> = {
  *entities(_fleet, { verdicts }) {
    for (const { standing } of verdicts.workers.values()) yield standing;
  },
  labelsOf: ({ container, stage }) => renderLabels({ container, stage }),
  families: [
    {
      name: 'pipeline_worker_status',
      type: 'gauge',
      help: 'What a worker is judged to be: 1 for the status it has, 0 for the others.',
      labels: ['container', 'stage', 'status'],
      write({ status: is }, series) {
        for (const [status, label] of WORKER_STATUS_LABELS) series(status === is ? 1 : 0, label);
      },
    },
  ],
};

const orchestratorStatusFamilies: FamilyGroup<OrchestratorStanding> = {
  *entities(_fleet, { verdicts }) {
    for (const { standing } of verdicts.orchestrators.values()) yield standing;
  },
  labelsOf: ({ container }) => renderLabels({ container }),
  families: [
    {
      name: 'pipeline_orchestrator_status',
      type: 'gauge',
      help: 'What an orchestrator is judged to be: 1 for the status it has, 0 for the others.',
      labels: ['container', 'status'],
      write({ status: is }, series) {
        for (const [status, label] of ORCHESTRATOR_STATUS_LABELS) series(status === is ? 1 : 0, label);
      },
    },
  ],
};

const stageWorkerFamilies: FamilyGroup<StageStatusCounts<WorkerStatus>> = {
  entities: (_fleet, { verdicts }) => verdicts.stageWorkers.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'pipeline_stage_workers',
      type: 'gauge',
      help: 'How many workers of a stage have each status.',
      labels: ['stage', 'status'],
      write({ counts }, series) {
        for (const [status, label] of WORKER_STATUS_LABELS) series(counts[status], label);
      },
    },
  ],
};

const stageOrchestratorFamilies: FamilyGroup<StageStatusCounts<OrchestratorStatus>> = {
  entities: (_fleet, { verdicts }) => verdicts.stageOrchestrators.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'pipeline_stage_orchestrators',
      type: 'gauge',
      help: 'How many orchestrators at a stage have each status.',
      labels: ['stage', 'status'],
      write({ counts }, series) {
        for (const [status, label] of ORCHESTRATOR_STATUS_LABELS) series(counts[status], label);
      },
    },
  ],
};

const limitFamilies: FamilyGroup<StageLimits> = {
  entities: (_fleet, { verdicts }) => verdicts.limits.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'pipeline_stage_stall_limit_seconds',
      type: 'gauge',
      help: 'Time without progress beyond which a worker of the stage is stuck if nothing else moves, in seconds, as in force now.',
      labels: ['stage'],
      write({ stallMs }, series) {
        series(stallMs / 1000);
      },
    },
    {
      name: 'pipeline_stage_livelock_limit_seconds',
      type: 'gauge',
      help: 'Time without progress beyond which a worker of the stage is stuck although it is busy, in seconds.',
      labels: ['stage'],
      write({ livelockMs }, series) {
        series(livelockMs / 1000);
      },
    },
    {
      name: 'pipeline_stage_slow_job_seconds',
      type: 'gauge',
      help: 'Time beyond which a job of the stage is slow, in seconds; absent until its pace is learned.',
      labels: ['stage'],
      write({ slowJobMs }, series) {
        if (slowJobMs !== undefined) series(slowJobMs / 1000);
      },
    },
    {
      name: 'pipeline_stage_pace_samples',
      type: 'gauge',
      help: 'How much the learned limits of the stage rest on: times between steps (of: gap) and jobs (of: job), the old ones fading.',
      labels: ['stage', 'of'],
      write({ gapSamples, jobSamples }, series) {
        series(gapSamples, renderLabels({ of: 'gap' }));
        series(jobSamples, renderLabels({ of: 'job' }));
      },
    },
  ],
};

/** Findings whose labels are the same, as those of two documents of one worker, are one series, as old as the oldest. */
interface FindingSeries {
  readonly labels: string;
  readonly beganAtMs: number;
}

const FINDING_LABELS = [
  'kind',
  'severity',
  'container',
  'stage',
  'queue',
  'gpu',
  'source',
  'channel',
  'cause',
];

const findingFamilies: FamilyGroup<FindingSeries> = {
  entities(_fleet, { verdicts }) {
    const began = new Map<string, number>();
    for (const finding of verdicts.findings.values()) {
      const labels = findingLabels(finding);
      began.set(labels, Math.min(finding.beganAtMs, began.get(labels) ?? finding.beganAtMs));
    }
    return [...began].map(([labels, beganAtMs]) => ({ labels, beganAtMs }));
  },
  labelsOf: ({ labels }) => labels,
  families: [
    {
      name: 'pipeline_finding_active',
      type: 'gauge',
      help: 'A finding that is open: 1 while it is, absent else. What follows from a finding at least as severe bears cause="common".',
      labels: FINDING_LABELS,
      write(_entity, series) {
        series(1);
      },
    },
    {
      name: 'pipeline_finding_began_timestamp_seconds',
      type: 'gauge',
      help: 'When what an open finding tells of began, as far as is known, in Unix seconds; absent when none is open.',
      labels: FINDING_LABELS,
      write({ beganAtMs }, series) {
        series(beganAtMs / 1000);
      },
    },
  ],
};

function findingLabels(finding: Finding): string {
  const { kind, severity, subject } = finding;
  const { container, stage, queue, gpu, source, channel } = subject;
  const cause = isReportedByCause(finding) ? 'common' : undefined;
  return renderLabels({ kind, severity, container, stage, queue, gpu, source, channel, cause });
}

const findingCountFamilies: FamilyGroup<DaemonFacts['findingsOpened']> = {
  entities: (_fleet, { findingsOpened }) => [findingsOpened],
  labelsOf: () => '',
  families: [
    {
      name: 'pipeline_findings_total',
      type: 'counter',
      help: 'Findings opened since the daemon started, by kind.',
      labels: ['kind'],
      write(opened, series) {
        for (const [kind, label] of KIND_LABELS) series(opened[kind], label);
      },
    },
  ],
};

const evaluationFamilies: FamilyGroup<EvaluationStats> = {
  entities: (_fleet, { evaluations }) => [evaluations],
  labelsOf: () => '',
  families: [
    {
      name: 'stagewatch_evaluation_duration_seconds',
      type: 'histogram',
      help: 'How long it took to judge the whole picture once, in seconds.',
      labels: ['le'],
      write({ durations }, series) {
        writeHistogram(durations, series);
      },
    },
    {
      name: 'stagewatch_last_evaluation_timestamp_seconds',
      type: 'gauge',
      help: 'When the picture was judged last, in Unix seconds; absent until it was.',
      labels: [],
      write({ lastAtMs }, series) {
        if (lastAtMs > 0) series(lastAtMs / 1000);
      },
    },
  ],
};

export const VERDICT_FAMILY_GROUPS: readonly AnyFamilyGroup[] = [
  workerStatusFamilies,
  orchestratorStatusFamilies,
  stageWorkerFamilies,
  stageOrchestratorFamilies,
  limitFamilies,
  findingFamilies,
  findingCountFamilies,
  evaluationFamilies,
];
