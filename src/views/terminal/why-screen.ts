/** What `stagewatch why` prints: one container, its verdict and the facts behind it, at any width. */

import { counted } from '../../lib/counted.js';
import type {
  ContainerJson,
  FindingJson,
  OrchestratorJson,
  QueueJson,
  RecoveryWorkerJson,
  RestartJson,
  SourceJson,
  StageJson,
  WorkerJson,
} from '../picture/api-shapes.js';
import { elapsedMs, formatAgo, formatDuration, formatGib, parseTime } from '../picture/format.js';
import { STUCK_KINDS } from '../picture/people.js';
import { severityName, statusName } from '../picture/vocabulary.js';
import { INDENT, indented, severitySpan, statusSpan } from './rows.js';
import { type Line, line, paragraph, span } from './spans.js';

/** `GET /api/v1/containers/NAME/why`, the part under `data`. */
export interface WhyJson {
  readonly at: string;
  readonly container?: (ContainerJson & { readonly cpuRecentCores?: number | null }) | null;
  readonly worker?: WorkerJson | null;
  readonly orchestrator?: OrchestratorJson | null;
  readonly stage?: StageJson | null;
  readonly queues?: readonly QueueJson[] | null;
  readonly processes?: { readonly at: string; readonly lines: readonly string[] } | null;
  readonly stacks?: { readonly at: string; readonly lines: readonly string[] } | null;
  readonly gpuMemory?: readonly { readonly gpu: string; readonly usedBytes: number }[] | null;
  readonly logErrors?: readonly LogErrorJson[] | null;
  readonly findings?: readonly FindingJson[] | null;
  readonly recovery?: {
    readonly plan?: RecoveryWorkerJson | null;
    readonly recent?: readonly RestartJson[] | null;
  } | null;
  readonly failedSources?: readonly SourceJson[] | null;
}

interface LogErrorJson {
  readonly pattern: string;
  readonly count: number;
  readonly line: string;
  readonly at?: string | null;
}

const MAX_RESTARTS = 3;
const MAX_LOG_ERRORS = 5;

export function renderWhyScreen(why: WhyJson, width: number): readonly Line[] {
  const nowMs = parseTime(why.at) ?? 0;
  const sections: readonly (readonly [title: string, texts: readonly string[]])[] = [
    ['CONTAINER', describeContainer(why, nowMs)],
    ['JOB', describeJob(why, nowMs)],
    ['LIMITS', describeLimits(why.stage, why.worker?.holdLimitMs)],
    ['PROCESSES', describeProcesses(why, nowMs)],
    ['STACKS', why.stacks?.lines ?? []],
    ['GPU MEMORY', (why.gpuMemory ?? []).map(({ gpu, usedBytes }) => `GPU ${gpu}: ${formatGib(usedBytes)}`)],
    ['LOG ERRORS', (why.logErrors ?? []).slice(0, MAX_LOG_ERRORS).map((one) => describeLogError(one, nowMs))],
    ['QUEUE', (why.queues ?? []).map(describeQueue)],
    ['RECOVERY', describeRecovery(why, nowMs)],
    [
      'SOURCES',
      (why.failedSources ?? []).map(
        ({ source, problem }) => `${source} fails: ${problem ?? 'no reason known'}`,
      ),
    ],
  ];
  const textWidth = Math.max(1, width - INDENT.length);
  return [
    ...titleLines(why, nowMs, textWidth),
    ...sections.flatMap(([title, texts]) =>
      texts.length === 0
        ? []
        : [line(''), line(span(title, 'heading')), ...texts.flatMap((text) => wrapped(text, textWidth))],
    ),
    ...findingLines(why.findings ?? [], nowMs, textWidth),
  ];
}

const wrapped = (text: string, width: number): readonly Line[] =>
  paragraph(text, width).map((part) => indented(part));

function titleLines(
  { container, worker, orchestrator, findings }: WhyJson,
  nowMs: number,
  width: number,
): readonly Line[] {
  const judged = worker ?? orchestrator;
  const name = span(container?.container ?? judged?.container ?? '', 'bold');
  if (!judged?.status) return [line(name, '  ', container?.state ?? 'no status yet')];
  const status = statusName(judged.status);
  // As in all views: stuck since it stood still, not since that was found.
  const known = status === 'stuck' ? findings?.find(({ kind }) => STUCK_KINDS.has(kind)) : undefined;
  const forMs = elapsedMs(parseTime(known?.beganAt ?? judged.since), nowMs);
  const since = forMs === null ? '' : ` for ${formatDuration(forMs)}`;
  const title = line(name, '  ', statusSpan(status), since);
  return [title, ...(judged.reason ? wrapped(judged.reason, width) : [])];
}

function describeContainer({ container, worker }: WhyJson, nowMs: number): readonly string[] {
  if (!container)
    return ['no container of this name is known to the engine; it is known from its progress alone'];
  const { state, health, startedAt, image, stage, lastExitCode, cpuRecentCores } = container;
  const upMs = state === 'running' ? elapsedMs(parseTime(startedAt), nowMs) : null;
  const gpu = worker?.gpu;
  const facts = [
    `${state ?? 'unknown'}${upMs === null ? '' : ` for ${formatDuration(upMs)}`}`,
    ...(health ? [`health ${health}`] : []),
    ...(state !== 'running' && lastExitCode != null ? [`exit code ${lastExitCode}`] : []),
    ...(stage ? [`stage ${stage}`] : []),
    ...(gpu ? [`GPU ${gpu}`] : []),
    ...(image ? [`image ${image}`] : []),
    ...(cpuRecentCores == null ? [] : [`${cpuRecentCores.toFixed(2)} cores in the last minute`]),
  ];
  return [facts.join(', ')];
}

function describeJob({ worker, orchestrator }: WhyJson, nowMs: number): readonly string[] {
  const job = worker ?? orchestrator;
  const startedMs = elapsedMs(parseTime(job?.jobStartedAt), nowMs);
  if (!job || startedMs === null) return [];
  const { document, lastProgressAt } = job;
  const movedMs = elapsedMs(parseTime(lastProgressAt), nowMs);
  const place =
    worker?.done == null
      ? []
      : [`${worker.unit ?? 'step'} ${worker.done}${worker.total == null ? '' : ` of ${worker.total}`}`];
  const facts = [
    ...(document ? [document] : []),
    ...place,
    `began ${formatAgo(startedMs)}`,
    ...(movedMs === null ? [] : [`last step ${formatAgo(movedMs)}`]),
  ];
  return [facts.join(', '), ...(worker?.message ? [worker.message] : [])];
}

function describeLimits(
  stage: StageJson | null | undefined,
  holdLimitMs: number | null | undefined,
): readonly string[] {
  const { stallMs, origin, slowJobMs, maxJobMs } = stage?.limits ?? {};
  const facts = [
    ...(holdLimitMs == null
      ? stallMs == null
        ? []
        : [`stuck after ${formatDuration(stallMs)} without a step (${origin ?? 'default'})`]
      : [`stuck after ${formatDuration(holdLimitMs)} with a message in hand while nothing moves`]),
    ...(slowJobMs == null ? [] : [`slow after ${formatDuration(slowJobMs)}`]),
    ...(maxJobMs == null ? [] : [`no job longer than ${formatDuration(maxJobMs)}`]),
  ];
  return facts.length === 0 ? [] : [facts.join(', ')];
}

function describeProcesses({ processes, worker }: WhyJson, nowMs: number): readonly string[] {
  if (!processes) return worker ? ['not read: this is done while a worker is silent and uses no CPU'] : [];
  const [first = 'none', ...others] = processes.lines;
  const readMs = elapsedMs(parseTime(processes.at), nowMs);
  return [`${first}${readMs === null ? '' : ` (read ${formatAgo(readMs)})`}`, ...others];
}

function describeLogError({ pattern, count, line: text, at }: LogErrorJson, nowMs: number): string {
  const agoMs = elapsedMs(parseTime(at), nowMs);
  return `${pattern}, ${counted(count, 'line')}${agoMs === null ? '' : `, the last ${formatAgo(agoMs)}`}: ${text}`;
}

function describeQueue({ queue, ready, unacked, consumers }: QueueJson): string {
  const facts = [
    ...(ready ? [`${ready.value} waiting`] : []),
    ...(unacked ? [`${unacked.value} in hand`] : []),
    ...(consumers ? [counted(consumers.value, 'consumer')] : []),
  ];
  return `${queue}: ${facts.join(', ') || 'no figures'}`;
}

function describeRecovery({ recovery }: WhyJson, nowMs: number): readonly string[] {
  const { plan, recent } = recovery ?? {};
  const restarts = (recent ?? []).slice(0, MAX_RESTARTS).map(({ at, result, by, text }) => {
    const agoMs = elapsedMs(parseTime(at), nowMs);
    const when = agoMs === null ? '' : `${formatAgo(agoMs)}: `;
    return `${when}restart by ${by ?? 'stagewatch'}: ${result ?? 'unknown'}${text ? `, ${text}` : ''}`;
  });
  return [
    ...(plan?.text ? [`${plan.decision ?? 'wait'} (${plan.reason ?? ''}): ${plan.text}`] : []),
    ...restarts,
  ];
}

function findingLines(findings: readonly FindingJson[], nowMs: number, width: number): readonly Line[] {
  return findings.flatMap((finding) => {
    const { kind, severity, summary, evidence, clearsWhen, beganAt } = finding;
    const agoMs = elapsedMs(parseTime(beganAt), nowMs);
    const began = agoMs === null ? '' : `, began ${formatAgo(agoMs)}`;
    const texts = [...(evidence ?? []), ...(clearsWhen ? [`ends when: ${clearsWhen}`] : [])];
    return [
      line(''),
      line(severitySpan(severityName(severity)), ' ', span(kind, severityName(severity)), began),
      ...[summary ?? '', ...texts].filter((text) => text !== '').flatMap((text) => wrapped(text, width)),
    ];
  });
}
