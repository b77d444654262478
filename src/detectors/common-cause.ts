/**
 * CommonCause: a large share of the workers of a stage, a GPU or the host turns bad together, or a fault of the broker
 * or of a GPU stands behind several findings. Then it is one fault, not many, and restarting workers cures nothing.
 */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { type BadWorker, groupWorkers, type WorkerGroup } from './bad-workers.js';
import { type Detection, type Finding, type FindingKind, findingId } from './finding.js';
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
/** Sources are read at different times: a consequence may be told a little before its cause. */
const TOLD_BEFORE_MS = 60_000;
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
  'PipelineStandstill',
]);

export interface CauseContext {
  readonly scene: Scene;
  /** What all other detectors found at this look. */
  readonly detections: readonly Detection[];
  /** Findings that are open, by id. */
  readonly open: ReadonlyMap<string, Finding>;
  /** By key: workers that a document has brought down, which have nothing else in common. */
  readonly poisoned: ReadonlyMap<string, unknown>;
}

/** A cause of the key is open: it takes less to go on than to begin. */
function openCause({ open }: CauseContext, key: string): Finding | undefined {
  return open.get(findingId({ kind: 'CommonCause', key }));
}

/** What was told before a cause began has one of its own. */
function isSince({ openedAtMs }: Finding, beganAtMs: number): boolean {
  return openedAtMs >= beganAtMs - TOLD_BEFORE_MS;
}

export function findCommonCauses(context: CauseContext): readonly CommonCause[] {
  const broker = brokerCause(context);
  if (broker) return [broker];
  const groups = groupWorkers(context.scene, context.poisoned);
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
  /** What the GPU of the group reported itself. */
  readonly error: Detection | undefined;
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

function candidate(scope: Scope, context: CauseContext): Candidate | undefined {
  const { scene, detections } = context;
  const { group, name } = scope;
  const isKnown = openCause(context, keyOf(scope)) !== undefined;
  const error =
    scope.scope === 'gpu'
      ? detections.find(
          ({ kind, subject }) => kind === 'GpuError' && (subject.gpu === name || subject.uuid === name),
        )
      : undefined;
  const together = error ? allBad(group) : findTogether(group, scene, isKnown);
  if (!together) return undefined;
  // Several on one GPU that all serve one stage speak for the stage.
  if (scope.scope === 'gpu' && !error && new Set(together.map(({ stage }) => stage)).size < 2)
    return undefined;
  const weight = (error ? 4 : 0) + (isKnown ? 2 : 0) + together.length / group.counted;
  return { ...scope, together, error, weight };
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

function sayHowClose(spanMs: number): string {
  return spanMs < 1000 ? 'all at once,' : `within ${formatDuration(spanMs)}, the first`;
}

function groupCause({ scope, name, together, group, error }: Candidate, scene: Scene): CommonCause {
  const where = { stage: `stage ${name}`, gpu: `GPU ${name}`, host: 'the host' }[scope];
  const beganAtMs = Math.min(...together.map(({ onsetMs }) => onsetMs));
  const lastMs = Math.max(...together.map(({ onsetMs }) => onsetMs));
  // Who was bad long before has a fault of its own.
  const members = new Set(group.bad.filter(({ onsetMs }) => onsetMs >= beganAtMs).map(({ key }) => key));
  const stages = new Set(together.map(({ stage }) => stage));
  const names = together.map(({ container }) => container);
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const lost = lostQueues(stages, scene);
  const known = error?.summary ?? lost?.summary;
  return {
    detection: {
      kind: 'CommonCause',
      key: keyOf({ scope, name }),
      subject: scope === 'stage' ? { stage: name } : scope === 'gpu' ? { gpu: name } : {},
      summary: known
        ? `${known}; ${together.length} of ${counted(group.counted, 'worker')} at work on it turned bad`
        : `${together.length} of ${counted(group.counted, 'worker')} at work on ${where} turned bad together`,
      evidence: [
        ...(error?.evidence ?? []),
        ...(lost?.evidence ?? []),
        `${sayHowClose(lastMs - beganAtMs)} ${formatDuration(scene.nowMs - beganAtMs)} ago`,
        `${names.slice(0, MAX_NAMES).join(', ')}${more}`,
        ...(scope === 'host' && !lost
          ? [`of ${counted(stages.size, 'stage')}: look for a disk, network or memory fault`]
          : []),
      ],
      clearsWhen: 'Fewer of them are bad than would be one fault.',
      beganAtMs,
    },
    covers(finding) {
      const { kind, subject } = finding;
      if (subject.identity !== undefined && members.has(subject.identity)) return true;
      if (kind === 'GpuError') return scope === 'gpu' && (subject.gpu === name || subject.uuid === name);
      const isInStage =
        subject.stage !== undefined &&
        (scope === 'stage' ? subject.stage === name : stages.has(subject.stage));
      return STAGE_CONSEQUENCES.has(kind) && isInStage && isSince(finding, beganAtMs);
    },
  };
}

/** A queue that is deleted takes its consumers with it: whoever served it ends, or waits for what cannot come. */
function lostQueues(
  stages: ReadonlySet<string | undefined>,
  { fleet, isFresh }: Scene,
): Pick<Detection, 'summary' | 'evidence'> | undefined {
  if (!isFresh('rabbitmq')) return undefined;
  const missing = [...fleet.queues.values()].filter(
    ({ status, stage }) => status === 'missing' && stage !== undefined && stages.has(stage),
  );
  if (missing.length === 0 || missing.length < stages.size) return undefined;
  const names = missing.map(({ name }) => name).slice(0, MAX_NAMES);
  const what = `${missing.length === 1 ? 'queue' : 'queues'} ${names.join(', ')}`;
  return {
    summary: `${what} ${missing.length === 1 ? 'is' : 'are'} not on the broker`,
    evidence: [
      `${what}: deleted, or never declared; declare it again, then restart the workers that consumed from it`,
    ],
  };
}

/** A broker that raises an alarm blocks whoever publishes; one that is away is the cause of what then stands still. */
function brokerCause(context: CauseContext): CommonCause | undefined {
  const { scene, detections, open } = context;
  const alarms = scene.isFresh('rabbitmq')
    ? Object.entries(scene.fleet.broker?.alarms ?? {}).flatMap(([alarm, isOn]) => (isOn ? alarm : []))
    : [];
  const down = detections.find(({ kind, subject }) => kind === 'SourceDown' && subject.source === 'rabbitmq');
  if (alarms.length === 0 && !down) return undefined;
  const beganAtMs = Math.min(
    openCause(context, 'broker')?.beganAtMs ?? scene.nowMs,
    down?.beganAtMs ?? scene.nowMs,
  );
  const consequences = detections.filter((detection) => {
    const known = open.get(findingId(detection));
    // The crash loop of a container that serves no stage need not follow from the broker.
    if (detection.kind === 'WorkerCrashLooping' && detection.subject.stage === undefined) return false;
    return BROKER_CONSEQUENCES.has(detection.kind) && (!known || isSince(known, beganAtMs));
  });
  if (alarms.length === 0 && consequences.length === 0) return undefined;
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
        ...(consequences.length > 0 ? [`${counted(consequences.length, 'finding')} may follow from it`] : []),
      ],
      clearsWhen: alarms.length > 0 ? 'The alarm ends.' : 'The broker answers again.',
      beganAtMs,
    },
    covers: (finding) =>
      (BROKER_CONSEQUENCES.has(finding.kind) && isSince(finding, beganAtMs)) ||
      (finding.kind === 'SourceDown' && finding.subject.source === 'rabbitmq'),
  };
}
