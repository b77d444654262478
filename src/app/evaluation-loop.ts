/** Judges the picture on a timer: counts, times and logs what comes of it, and keeps what must outlive the daemon. */

import { createEvaluation, type Outcome } from '../detectors/evaluation.js';
import { FINDING_KINDS, type FindingKind } from '../detectors/finding.js';
import type { KindJudgement } from '../detectors/finding-book.js';
import type { DetectionSettings } from '../detectors/settings.js';
import type { Fleet } from '../fleet/model.js';
import type { StateFile } from '../journal/state-file.js';
import type { Clock, Timer } from '../lib/clock.js';
import { formatDuration } from '../lib/duration.js';
import { emptyHistogram, observe } from '../lib/histogram.js';
import type { Logger } from '../lib/logger.js';
import type { DaemonFacts } from '../metrics/daemon-facts.js';

export interface EvaluationLoop {
  readonly facts: Pick<DaemonFacts, 'verdicts' | 'findingsOpened' | 'evaluations'>;
  /** After the state file is open; the first look is one interval later, when sources have spoken. */
  start(): void;
  setSettings(settings: DetectionSettings): void;
  stop(): void;
}

export interface EvaluationLoopOptions {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  readonly state: StateFile;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after each look, with what opened and cleared. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** What the daemon finds wrong with its own restarts and notifications. */
  readonly ownFindings?: () => readonly KindJudgement[];
}

/** Seconds. */
const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

export function createEvaluationLoop(options: EvaluationLoopOptions): EvaluationLoop {
  const { fleet, state, clock, log } = options;
  let { settings } = options;
  const findingsState = state.section('findings', 1);
  const paceState = state.section('pace', 1);
  const ownFindings = options.ownFindings ?? (() => []);
  let evaluation = createEvaluation({ fleet, settings, ownFindings });
  let timer: Timer | undefined;
  let isFailing = false;
  let findingsOpened = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<
    FindingKind,
    number
  >;
  let evaluations = { durations: emptyHistogram(DURATION_BOUNDS), lastAtMs: 0 };

  function look(): void {
    const nowMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const outcome = evaluation.evaluate(nowMs);
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    evaluations = { durations: observe(evaluations.durations, seconds), lastAtMs: nowMs };
    tell(outcome);
    if (outcome.hasLearned) paceState.save(evaluation.savePace);
    // Also when nothing opened or cleared: when a finding was last confirmed is worth keeping.
    findingsState.save(evaluation.saveFindings);
    options.onOutcome(outcome);
  }

  function tell({ opened, cleared }: Outcome): void {
    if (opened.length > 0) {
      findingsOpened = { ...findingsOpened };
      for (const { kind } of opened) findingsOpened[kind]++;
    }
    for (const { kind, severity, subject, summary, consequenceOf } of opened) {
      const fields = { kind, severity, ...subject, summary, ...(consequenceOf && { consequenceOf }) };
      if (severity === 'info' || consequenceOf !== undefined) log.info(fields, 'finding opened');
      else log.warn(fields, 'finding opened');
    }
    for (const { kind, subject, beganAtMs, clearedAtMs } of cleared) {
      log.info({ kind, ...subject, lasted: formatDuration(clearedAtMs - beganAtMs) }, 'finding cleared');
    }
  }

  /** A fault of ours in one look must not end all looking. */
  function lookSafely(): void {
    try {
      look();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'evaluation failed; statuses and findings stay as they were');
      isFailing = true;
    }
    schedule();
  }

  function schedule(): void {
    timer = clock.after(settings.detection.interval, lookSafely);
  }

  return {
    get facts() {
      return { verdicts: evaluation.verdicts, findingsOpened, evaluations };
    },
    start() {
      evaluation = createEvaluation({
        fleet,
        settings,
        savedFindings: findingsState.load(),
        savedPace: paceState.load(),
        ownFindings,
      });
      schedule();
    },
    setSettings(next) {
      settings = next;
      evaluation.setSettings(next);
    },
    stop() {
      timer?.cancel();
    },
  };
}
