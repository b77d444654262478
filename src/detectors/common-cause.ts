/**
 * CommonCause: a large share of the workers of a stage, a GPU or the host turns bad together, or a fault of the broker
 * or of a GPU stands behind several findings. Then it is one fault, not many, and restarting workers cures nothing.
 */

import { formatDuration } from '../lib/duration.js';
import { type BadWorker, groupWorkers, type WorkerGroup } from './bad-workers.js';
import type { Detection, Finding, FindingKind } from './finding.js';
import type { Scene, Steadiness } from './scene.js';

export interface CommonCause {
  readonly detection: Detection;
  /** The finding is a consequence of it. */
  covers(finding: Finding): boolean;
}

export const COMMON_CAUSE_STEADINESS: Steadiness = { openAfterMs: 0, clearAfterMs: 60_000 };

/** Bad within this time of each other is together. */
const TOGETHER_MS = 5 * 60_000;
/** The whole host is a bolder claim than a stage or a GPU. */
const MIN_ON_HOST = 6;
const MIN_ON_BROKEN_GPU = 2;
const MIN_TO_GO_ON = 2;
const MIN_UNEXPLAINED = 2;
const MAX_NAMES = 8;
/** What follows from workers that do not work. */
const STAGE_CONSEQUENCES: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'StageStalled',
  'QueueNoConsumers',
  'QueueGrowing',
  'OrchestratorStuck',
  'FailuresSpiking',
]);
const BROKER_CONSEQUENCES: ReadonlySet<FindingKind> = new Set<FindingKind>([
  ...STAGE_CONSEQUENCES,
  'WorkerStuck',
  'WorkerStarved',
  'WorkerSlow',
  'WorkerDown',
  'WorkerCrashLooping',
  'JobOrphaned',
  'QueueMissing',
]);

export interface CauseContext {
  readonly scene: Scene;
  /** What all other detectors found at this look. */
  readonly detections: readonly Detection[];
  /** A cause of this key is open: it takes less to go on than to begin. */
  readonly isOpen: (key: string) => boolean;
}

export function findCommonCauses(context: CauseContext): readonly CommonCause[] {
  const broker = brokerCause(context.scene, context.detections);
  if (broker) return [broker];
  const groups = groupWorkers(context.scene);
  const host = hostCandidate(groups.all, context);
  if (host) return [groupCause(host, context.scene)];
  const candidates = [
    ...[...groups.byGpu].flatMap(([name, group]) => candidate({ scope: 'gpu', name, group }, context) ?? []),
    ...[...groups.byStage].flatMap(
      ([name, group]) => candidate({ scope: 'stage', name, group }, context) ?? [],
    ),
  ];
  return pickBest(candidates).map((one) => groupCause(one, context.scene));
}

interface Scope {
  readonly scope: 'stage' | 'gpu' | 'host';
  readonly name: string;
  readonly group: WorkerGroup;
}

interface Candidate extends Scope {
  readonly together: readonly BadWorker[];
  /** A GPU with an error explains best, then what was the cause before, then who has the largest share. */
  readonly weight: number;
}

function keyOf({ scope, name }: Pick<Scope, 'scope' | 'name'>): string {
  return scope === 'host' ? 'host' : `${scope}:${name}`;
}

function hostCandidate(group: WorkerGroup, context: CauseContext): Candidate | undefined {
  const found = candidate({ scope: 'host', name: '', group }, context);
  if (!found || found.together.length < MIN_ON_HOST) return undefined;
  const stages = new Set(found.together.map(({ stage }) => stage));
  const gpus = new Set(found.together.map(({ gpu }) => gpu));
  // Of one stage or one GPU only, these explain it better; where no GPU is known they are one.
  return stages.size > 1 && (gpus.size > 1 || gpus.has(undefined)) ? found : undefined;
}

function candidate(scope: Scope, { scene, detections, isOpen }: CauseContext): Candidate | undefined {
  const { group, name } = scope;
  const isKnown = isOpen(keyOf(scope));
  const hasError =
    scope.scope === 'gpu' &&
    detections.some(
      ({ kind, subject }) => kind === 'GpuError' && (subject.gpu === name || subject.uuid === name),
    );
  const together = hasError ? allBad(group) : findTogether(group, scene, isKnown);
  if (!together) return undefined;
  // Several on one GPU that all serve one stage speak for the stage.
  if (scope.scope === 'gpu' && !hasError && new Set(together.map(({ stage }) => stage)).size < 2)
    return undefined;
  const weight = (hasError ? 4 : 0) + (isKnown ? 2 : 0) + together.length / group.counted;
  return { ...scope, together, weight };
}

/** Best first; one whose workers are explained already, but for a few, is none of its own. */
function pickBest(candidates: readonly Candidate[]): readonly Candidate[] {
  const explained = new Set<string>();
  return candidates
    .toSorted((one, other) => other.weight - one.weight)
    .filter(({ together }) => {
      const isNew = together.filter(({ key }) => !explained.has(key)).length >= MIN_UNEXPLAINED;
      if (isNew) for (const { key } of together) explained.add(key);
      return isNew;
    });
}

function allBad({ bad }: WorkerGroup): readonly BadWorker[] | undefined {
  return bad.length >= MIN_ON_BROKEN_GPU ? bad : undefined;
}

/** The most that turned bad within a short time, if they are enough of the group. */
function findTogether(
  { bad, counted }: WorkerGroup,
  { settings }: Scene,
  isKnown: boolean,
): readonly BadWorker[] | undefined {
  const { common_cause_min, common_cause_share } = settings.detection;
  const least = isKnown ? Math.min(MIN_TO_GO_ON, common_cause_min) : common_cause_min;
  const share = isKnown ? common_cause_share / 2 : common_cause_share;
  if (bad.length < least || !bad.some(({ isSure }) => isSure)) return undefined;
  const sorted = bad.toSorted((one, other) => one.onsetMs - other.onsetMs);
  let best: readonly BadWorker[] = [];
  let from = 0;
  for (const [index, { onsetMs }] of sorted.entries()) {
    while (onsetMs - (sorted[from]?.onsetMs ?? onsetMs) > TOGETHER_MS) from++;
    if (index + 1 - from > best.length) best = sorted.slice(from, index + 1);
  }
  const isEnough = best.length >= least && best.length >= share * counted;
  return isEnough && best.some(({ isSure }) => isSure) ? best : undefined;
}

function groupCause({ scope, name, together, group }: Candidate, scene: Scene): CommonCause {
  const where = { stage: `stage ${name}`, gpu: `GPU ${name}`, host: 'the host' }[scope];
  const beganAtMs = Math.min(...together.map(({ onsetMs }) => onsetMs));
  const lastMs = Math.max(...together.map(({ onsetMs }) => onsetMs));
  const members = new Set(group.bad.map(({ key }) => key));
  const stages = new Set(together.map(({ stage }) => stage));
  const names = together.map(({ container }) => container);
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return {
    detection: {
      kind: 'CommonCause',
      key: keyOf({ scope, name }),
      subject: scope === 'stage' ? { stage: name } : scope === 'gpu' ? { gpu: name } : {},
      summary: `${together.length} of ${group.counted} workers at work on ${where} turned bad together`,
      evidence: [
        `within ${formatDuration(lastMs - beganAtMs)}, the first ${formatDuration(scene.nowMs - beganAtMs)} ago`,
        `${names.slice(0, MAX_NAMES).join(', ')}${more}`,
        ...(scope === 'host' ? [`of ${stages.size} stages: look for a disk, network or memory fault`] : []),
      ],
      clearsWhen: 'Fewer of them are bad than would be one fault.',
      beganAtMs,
    },
    covers: ({ kind, subject }) =>
      (subject.identity !== undefined && members.has(subject.identity)) ||
      (kind === 'GpuError' && scope === 'gpu' && (subject.gpu === name || subject.uuid === name)) ||
      (STAGE_CONSEQUENCES.has(kind) &&
        subject.stage !== undefined &&
        (scope === 'stage' ? subject.stage === name : scope === 'host' && stages.has(subject.stage))),
  };
}

/** A broker that raises an alarm blocks whoever publishes; one that is away is the cause of what then stands still. */
function brokerCause(scene: Scene, detections: readonly Detection[]): CommonCause | undefined {
  const { broker } = scene.fleet;
  const alarms = scene.isFresh('rabbitmq')
    ? Object.entries(broker?.alarms ?? {}).flatMap(([alarm, isOn]) => (isOn ? alarm : []))
    : [];
  const down = detections.find(({ kind, subject }) => kind === 'SourceDown' && subject.source === 'rabbitmq');
  const consequences = detections.filter(({ kind }) => BROKER_CONSEQUENCES.has(kind));
  if (alarms.length === 0 && !(down && consequences.length > 0)) return undefined;
  const beganAtMs = Math.min(broker?.alarmsAtMs ?? scene.nowMs, down?.beganAtMs ?? scene.nowMs);
  return {
    detection: {
      kind: 'CommonCause',
      key: 'broker',
      subject: { source: 'rabbitmq' },
      summary:
        alarms.length > 0
          ? `RabbitMQ has raised its ${alarms.join(' and ')} alarm: whoever publishes is blocked`
          : 'RabbitMQ cannot be reached, and the pipeline stands still behind it',
      evidence: [
        ...(down?.evidence ?? []),
        ...(consequences.length > 0 ? [`${consequences.length} findings may follow from it`] : []),
      ],
      clearsWhen: alarms.length > 0 ? 'The alarm ends.' : 'The broker answers again.',
      beganAtMs,
    },
    covers: ({ kind, subject }) =>
      BROKER_CONSEQUENCES.has(kind) || (kind === 'SourceDown' && subject.source === 'rabbitmq'),
  };
}
