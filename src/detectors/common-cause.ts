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

/** `detections` are what all other detectors found at this look. */
export function findCommonCauses(scene: Scene, detections: readonly Detection[]): readonly CommonCause[] {
  const broker = brokerCause(scene, detections);
  if (broker) return [broker];
  const groups = groupWorkers(scene);
  const host = hostCause(scene, groups.all);
  if (host) return [host];
  const causes: CommonCause[] = [];
  const explained = new Set<string>();
  for (const [gpu, group] of groups.byGpu) {
    const together = gpuTogether(gpu, group, { scene, detections });
    if (!together) continue;
    for (const { key } of together) explained.add(key);
    causes.push(groupCause({ scope: 'gpu', name: gpu, together, group, scene }));
  }
  for (const [stage, group] of groups.byStage) {
    const together = findTogether(group, scene);
    if (!together || together.every(({ key }) => explained.has(key))) continue;
    causes.push(groupCause({ scope: 'stage', name: stage, together, group, scene }));
  }
  return causes;
}

function hostCause(scene: Scene, group: WorkerGroup): CommonCause | undefined {
  const together = findTogether(group, scene);
  if (!together || together.length < MIN_ON_HOST) return undefined;
  const stages = new Set(together.map(({ stage }) => stage));
  const gpus = new Set(together.map(({ gpu }) => gpu));
  // Of one stage or one GPU only, these explain it better; where no GPU is known they are one.
  if (stages.size < 2 || (gpus.size < 2 && !gpus.has(undefined))) return undefined;
  return groupCause({ scope: 'host', name: '', together, group, scene });
}

interface GpuContext {
  readonly scene: Scene;
  readonly detections: readonly Detection[];
}

/** A GPU that has an error needs fewer signs; one without must explain more than one stage. */
function gpuTogether(
  gpu: string,
  group: WorkerGroup,
  { scene, detections }: GpuContext,
): readonly BadWorker[] | undefined {
  const hasError = detections.some(
    ({ kind, subject }) => kind === 'GpuError' && (subject.gpu === gpu || subject.uuid === gpu),
  );
  if (hasError) return group.bad.length >= MIN_ON_BROKEN_GPU ? group.bad : undefined;
  const together = findTogether(group, scene);
  return together && new Set(together.map(({ stage }) => stage)).size > 1 ? together : undefined;
}

/** The most that turned bad within a short time, if they are enough of the group. */
function findTogether({ bad, counted }: WorkerGroup, { settings }: Scene): readonly BadWorker[] | undefined {
  const { common_cause_min, common_cause_share } = settings.detection;
  if (bad.length < common_cause_min || !bad.some(({ isSure }) => isSure)) return undefined;
  const sorted = bad.toSorted((one, other) => one.onsetMs - other.onsetMs);
  let best: readonly BadWorker[] = [];
  let from = 0;
  for (const [index, { onsetMs }] of sorted.entries()) {
    while (onsetMs - (sorted[from]?.onsetMs ?? onsetMs) > TOGETHER_MS) from++;
    if (index + 1 - from > best.length) best = sorted.slice(from, index + 1);
  }
  const isEnough = best.length >= common_cause_min && best.length >= common_cause_share * counted;
  return isEnough && best.some(({ isSure }) => isSure) ? best : undefined;
}

interface GroupCause {
  readonly scope: 'stage' | 'gpu' | 'host';
  readonly name: string;
  readonly together: readonly BadWorker[];
  readonly group: WorkerGroup;
  readonly scene: Scene;
}

function groupCause({ scope, name, together, group, scene }: GroupCause): CommonCause {
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
      key: scope === 'host' ? 'host' : `${scope}:${name}`,
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
