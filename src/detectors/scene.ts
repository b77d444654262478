/** What a detector is handed and what it answers. */

import type { Fleet, SourceName } from '../fleet/model.js';
import type { ContainerIndex } from './container-index.js';
import type { Detection, Finding, FindingKind } from './finding.js';
import type { Histories } from './histories.js';
import type { DetectionSettings } from './settings.js';
import type { MissingConsumers, Starvation } from './starvation.js';
import type { OrchestratorVerdict, StageLimits, Verdicts, WorkerVerdict } from './verdicts.js';

/** Everything there is to judge by, at one moment. Detectors read it and change nothing. */
export interface Scene {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  /** Wall clock, Unix milliseconds. */
  readonly nowMs: number;
  readonly containers: ContainerIndex;
  /** What was before, bounded. */
  readonly histories: Histories;
  /** By key in `fleet.workers`, which has every container that is a worker. */
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
  /** Those with which something may be wrong: all but the active, idle and starting ones of which nothing is doubtful. */
  readonly notable: ReadonlyMap<string, WorkerVerdict>;
  /** By stage: consumers that are missing, of which nobody knows whose they are. */
  readonly missingConsumers: ReadonlyMap<string, MissingConsumers>;
  readonly unjudgedConsumers: Starvation['unjudged'];
  readonly stageWorkers: Verdicts['stageWorkers'];
  readonly stageOrchestrators: Verdicts['stageOrchestrators'];
  readonly orchestrators: ReadonlyMap<string, OrchestratorVerdict>;
  readonly limits: ReadonlyMap<string, StageLimits>;
  /** A finding of the kind and key was open before this look. */
  isOpen(kind: FindingKind, key: string): boolean;
  /** The source is watched, and what it says is new enough to judge by. */
  isFresh(source: SourceName): boolean;
  /** The source is asked for by the configuration. */
  isWatched(source: SourceName): boolean;
}

export interface Judgement {
  readonly found: readonly Detection[];
  /**
   * Keys that cannot be judged now because a source is stale: an open finding of theirs stays open, unconfirmed.
   * `all`: none of this kind can be judged.
   */
  readonly unsure: readonly string[] | 'all';
  /** Keys of which another kind says more: an open finding of theirs clears at once. */
  readonly replaced?: readonly string[];
  /** How an open finding is doing that is no longer found: said of it while it is held open. */
  readonly describeOver?: (finding: Finding) => OverWords | undefined;
}

/** `no longer rises` for a while, and `0 waiting` now. */
export interface OverWords {
  readonly what: string;
  readonly now?: string;
}

/** Against flapping; both in milliseconds. What a detector dates itself needs no time to open. */
export interface Steadiness {
  /** It must be found at every look for this long before the finding opens. */
  readonly openAfterMs: number;
  /** It must be absent at every look for this long before the finding clears. */
  readonly clearAfterMs: number;
  /** One from the daemon's life before needs no grace to be found again: the first looks tell for certain. */
  readonly isToldAtOnce?: true;
}

export interface Detector {
  readonly kind: FindingKind;
  steadiness(settings: DetectionSettings): Steadiness;
  detect(scene: Scene): Judgement;
}
