/** Judges the whole picture at one moment: limits, workers, orchestrators, findings, and which of them have one cause. */

import type { Fleet } from '../fleet/model.js';
import { ALL_DETECTORS } from './all-detectors.js';
import { COMMON_CAUSE_STEADINESS, type CommonCause, findCommonCauses } from './common-cause.js';
import { createCauseFinder } from './consequences.js';
import { indexContainers } from './container-index.js';
import { type ClearedFinding, type Finding, type FindingKind, findingId } from './finding.js';
import { createFindingBook, type KindJudgement } from './finding-book.js';
import { createFreshness } from './freshness.js';
import { createHistories } from './histories.js';
import type { HistoryMoment } from './history-moment.js';
import { createOrchestratorJudge } from './judge-orchestrators.js';
import { createWorkerJudge } from './judge-workers.js';
import { createLearnedPace, type PaceContext } from './learned-pace.js';
import { createLimitBook } from './limit-book.js';
import { findPoisonedWorkers } from './poisoned-workers.js';
import type { Scene } from './scene.js';
import type { DetectionSettings } from './settings.js';
import { learnedLimit } from './stage-limits.js';
import { createStatusCounts } from './status-counts.js';
import { createSurroundings } from './surroundings.js';
import type { Verdicts, WorkerVerdict } from './verdicts.js';

/** What makes steps take long that are none of the stage's own. */
const HOLDING_UP: ReadonlySet<FindingKind> = new Set<FindingKind>(['CommonCause', 'InfrastructureDown']);

export interface Outcome {
  readonly opened: readonly Finding[];
  readonly cleared: readonly ClearedFinding[];
  /** What is remembered from the pipeline's pace has grown. */
  readonly hasLearned: boolean;
}

export interface Evaluation {
  /** A live view of what was judged last. */
  readonly verdicts: Verdicts;
  evaluate(nowMs: number): Outcome;
  setSettings(settings: DetectionSettings): void;
  /** Open findings as JSON, and learned paces as JSON. */
  saveFindings(): unknown;
  savePace(): unknown;
}

export interface EvaluationOptions {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  /** What `saveFindings` and `savePace` gave in the life before, of unknown shape. */
  readonly savedFindings?: unknown;
  readonly savedPace?: unknown;
  /** Kinds that no detector finds, because they are about what the daemon itself does: restarts, notifications. */
  readonly ownFindings?: () => readonly KindJudgement[];
}

export function createEvaluation(options: EvaluationOptions): Evaluation {
  let { settings } = options;
  const book = createFindingBook(options.savedFindings);
  const pace = createLearnedPace(options.savedPace);
  const limits = createLimitBook();
  const histories = createHistories();
  const workerJudge = createWorkerJudge();
  const orchestratorJudge = createOrchestratorJudge();
  const statusCounts = createStatusCounts();
  let verdicts: Verdicts = {
    atMs: 0,
    workers: new Map(),
    orchestrators: new Map(),
    limits: new Map(),
    stageWorkers: new Map(),
    stageOrchestrators: new Map(),
    findings: book.findings,
  };

  const isOpen: HistoryMoment['isOpen'] = (kind, key) => book.findings.has(findingId({ kind, key }));

  function paceContext(): PaceContext {
    const causes = [...book.findings.values()].filter(({ kind }) => HOLDING_UP.has(kind));
    return {
      learned: (of) => learnedLimit(of, settings.detection),
      isDisturbed: (stage) => causes.some(({ subject }) => (subject.stage ?? stage) === stage),
    };
  }

  function lookAt(nowMs: number): Scene {
    const { detection } = settings;
    // Nothing changes while it is judged: what the live view works out at each reading is worked out once.
    const fleet: Fleet = { ...options.fleet };
    const freshness = createFreshness(fleet, { nowMs, staleAfterMs: detection.stale_after });
    limits.update({ settings, pace, fleet, nowMs });
    const surroundings = createSurroundings({ fleet, freshness });
    const base = { fleet, settings, nowMs, freshness, surroundings, limitsOf: limits.of };
    const workers = workerJudge.judge(base);
    const orchestrators = orchestratorJudge.judge({ ...base, workers });
    const notable = findNotable(workers);
    histories.note({ fleet, settings, nowMs, workers, notable, freshness, isOpen });
    const { isFresh, isWatched } = freshness;
    return {
      fleet,
      settings,
      nowMs,
      containers: indexContainers(fleet),
      histories,
      workers,
      notable,
      missingConsumers: workerJudge.missingConsumers,
      unjudgedConsumers: workerJudge.unjudgedConsumers,
      orchestrators,
      ...statusCounts.count({ fleet, workers, orchestrators }),
      limits: limits.limits,
      isOpen,
      isFresh,
      isWatched,
    };
  }

  return {
    get verdicts() {
      return verdicts;
    },
    evaluate(nowMs) {
      const hasLearned = pace.note(options.fleet, paceContext());
      const scene = lookAt(nowMs);
      const judgements: KindJudgement[] = ALL_DETECTORS.map((detector) => ({
        kind: detector.kind,
        steadiness: detector.steadiness(settings),
        ...detector.detect(scene),
      }));
      const detections = judgements.flatMap(({ found }) => found);
      const poisoned = findPoisonedWorkers(scene, detections);
      const causes = findCommonCauses({ scene, detections, open: book.findings, poisoned: poisoned.workers });
      judgements.push(judgeCauses(causes, scene), ...(options.ownFindings?.() ?? []));
      const { opened, cleared } = book.update(judgements, nowMs);
      book.fold(createCauseFinder({ scene, causes, poisoned, open: book.findings }));
      verdicts = {
        atMs: nowMs,
        workers: scene.workers,
        orchestrators: scene.orchestrators,
        limits: scene.limits,
        stageWorkers: scene.stageWorkers,
        stageOrchestrators: scene.stageOrchestrators,
        findings: book.findings,
      };
      return {
        opened: opened.map((finding) => book.findings.get(finding.id) ?? finding),
        cleared,
        hasLearned,
      };
    },
    setSettings(next) {
      settings = next;
    },
    saveFindings: book.save,
    savePace: pace.save,
  };
}

function findNotable(workers: ReadonlyMap<string, WorkerVerdict>): ReadonlyMap<string, WorkerVerdict> {
  const notable = new Map<string, WorkerVerdict>();
  for (const [key, verdict] of workers) {
    const { status, isSuspect, isUncertain } = verdict;
    const isPlain = status === 'active' || status === 'idle' || status === 'starting';
    if (!isPlain || isSuspect || isUncertain) notable.set(key, verdict);
  }
  return notable;
}

/** Where workers cannot be looked at, nobody knows whether they are still bad together. */
function judgeCauses(causes: readonly CommonCause[], { isWatched, isFresh }: Scene): KindJudgement {
  const isBlind = (['docker', 'progress'] as const).some((source) => isWatched(source) && !isFresh(source));
  return {
    kind: 'CommonCause',
    steadiness: COMMON_CAUSE_STEADINESS,
    found: causes.map(({ detection }) => detection),
    unsure: isBlind ? 'all' : [],
  };
}
