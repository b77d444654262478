/** What is wrong now: findings worst first, consequences folded under their cause, each with what to type. */

import type {
  ContainerJson,
  FindingJson,
  FleetJson,
  OrchestratorJson,
  RecoveryJson,
  RecoveryWorkerJson,
  RestartJson,
  WorkerJson,
} from './api-shapes.js';
import { findBrokerContainer } from './broker-container.js';
import { elapsedMs, formatAgo, formatDuration, parseTime } from './format.js';
import { type Command, type CommandContext, commandsFor, stuckOn } from './problem-commands.js';
import { isMoment, kindPhrase, SEVERITY_LOOKS, type SeverityName, severityName } from './vocabulary.js';

export interface Problem {
  /** The finding's id: stays the same as long as it lasts. */
  readonly id: string;
  readonly kind: string;
  readonly severity: SeverityName;
  /** Who: a container, a queue, a GPU, a source, a document. */
  readonly who: string;
  /** `stuck`, as behind the name in a sentence. */
  readonly phrase: string;
  /** `G3_02 Witnesses`; null where it is not about a stage, or the stage is who it is about. */
  readonly where: string | null;
  readonly container: string | null;
  readonly stage: string | null;
  /** Index of the GPU. */
  readonly gpu: string | null;
  readonly document: string | null;
  /** `7m12s without progress`. */
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly clearsWhen: string | null;
  readonly sinceMs: number | null;
  readonly forMs: number | null;
  /** ` for 7m12s`, or ` 7m12s ago` of what happened at a moment; empty where it is not known. */
  readonly howLong: string;
  /** Why it is not known whether it still holds, as a phrase; null: it does. */
  readonly doubt: string | null;
  readonly commands: readonly Command[];
  readonly recovery: RecoveryWord | null;
  /** Worst first; they have no consequences of their own. */
  readonly consequences: readonly Problem[];
}

/** What recovery does about it, or why it does nothing. */
export interface RecoveryWord {
  /** restart, wait, notify, refuse; or of what was done: recovered, not_recovered, failed, dry_run. */
  readonly decision: string;
  readonly text: string;
  /** Of what was done: when. */
  readonly atMs: number | null;
}

export interface ProblemList {
  /** Worst first: critical, then warning, then info; of equals what has more consequences, then the oldest. */
  readonly problems: readonly Problem[];
  /** Those that need somebody: neither info nor consequences. */
  readonly count: number;
}

const DOUBTS: Readonly<Record<string, string>> = {
  stale_source: 'unconfirmed: its source is stale',
  restart: 'from before the restart of stagewatch, not seen again yet',
  not_found: 'no longer found',
};

const RESULT_WORDS: Readonly<Record<string, string>> = {
  recovered: 'was restarted and works again',
  not_recovered: 'was restarted and is no better',
  failed: 'could not be restarted',
  dry_run: 'would have been restarted (dry run)',
};

export function listProblems(fleet: FleetJson, recovery: RecoveryJson | null, nowMs: number): ProblemList {
  const surroundings = createSurroundings(fleet, recovery, nowMs);
  const findings = fleet.findings ?? [];
  const known = new Set(findings.map(({ id }) => id));
  const consequences = new Map<string, FindingJson[]>();
  const roots: FindingJson[] = [];
  for (const finding of findings) {
    const cause = finding.consequenceOf;
    if (!cause || cause === finding.id || !known.has(cause)) roots.push(finding);
    else consequences.set(cause, [...(consequences.get(cause) ?? []), finding]);
  }
  const describe = (finding: FindingJson, under: readonly Problem[]): Problem =>
    describeProblem(finding, under, surroundings);
  const problems = roots
    .map((root) => describe(root, collect(root.id, consequences, describe)))
    .toSorted(byWeight);
  return { problems, count: problems.filter(({ severity }) => severity !== 'info').length };
}

/** A document may be no more than a warning by itself; that a stage stands still because of it is more. */
function worstSeverity({ severity }: FindingJson, consequences: readonly Problem[]): SeverityName {
  return [severityName(severity), ...consequences.map((one) => one.severity)].reduce((worst, one) =>
    SEVERITY_LOOKS[one].rank < SEVERITY_LOOKS[worst].rank ? one : worst,
  );
}

/** All below the cause, those of a consequence too, so that no finding goes missing; a circle ends. */
function collect(
  cause: string,
  consequences: ReadonlyMap<string, readonly FindingJson[]>,
  describe: (finding: FindingJson, under: readonly Problem[]) => Problem,
): readonly Problem[] {
  const found: Problem[] = [];
  const seen = new Set([cause]);
  for (const id of seen) {
    for (const finding of consequences.get(id) ?? []) {
      if (seen.has(finding.id)) continue;
      seen.add(finding.id);
      found.push(describe(finding, []));
    }
  }
  return found.toSorted(byWeight);
}

export function byWeight(one: Problem, other: Problem): number {
  const rank = SEVERITY_LOOKS[one.severity].rank - SEVERITY_LOOKS[other.severity].rank;
  if (rank !== 0) return rank;
  const reach = other.consequences.length - one.consequences.length;
  if (reach !== 0) return reach;
  const age = (one.sinceMs ?? Number.POSITIVE_INFINITY) - (other.sinceMs ?? Number.POSITIVE_INFINITY);
  return (Number.isNaN(age) ? 0 : age) || one.id.localeCompare(other.id);
}

interface Surroundings {
  readonly nowMs: number;
  readonly stageLabels: ReadonlyMap<string, string>;
  readonly known: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, ContainerJson>;
  readonly brokerContainer: string | null;
  readonly sourceTargets: ReadonlyMap<string, string>;
  readonly workers: readonly WorkerJson[];
  readonly orchestrators: ReadonlyMap<string, OrchestratorJson>;
  readonly decisions: ReadonlyMap<string, RecoveryWorkerJson>;
  /** The newest of each container. */
  readonly restarts: ReadonlyMap<string, RestartJson>;
}

function createSurroundings(fleet: FleetJson, recovery: RecoveryJson | null, nowMs: number): Surroundings {
  const containers = fleet.containers ?? [];
  return {
    nowMs,
    stageLabels: stageLabels(fleet),
    known: new Set(containers.map(({ container }) => container)),
    states: new Map(containers.map((one) => [one.container, one])),
    brokerContainer: findBrokerContainer(fleet)?.container ?? null,
    sourceTargets: new Map((fleet.sources ?? []).map(({ source, target }) => [source, target ?? ''])),
    workers: fleet.workers ?? [],
    orchestrators: new Map((fleet.orchestrators ?? []).map((one) => [one.container, one])),
    decisions: new Map((recovery?.workers ?? []).map((one) => [one.container, one])),
    restarts: new Map((recovery?.recent ?? []).toReversed().map((one) => [one.container, one])),
  };
}

/** `G3_02` → `G3_02 Witnesses`. */
export function stageLabels(fleet: FleetJson): ReadonlyMap<string, string> {
  return new Map(
    (fleet.stages ?? []).map(({ id, name }) => [id, name && name !== id ? `${id} ${name}` : id]),
  );
}

function describeProblem(
  finding: FindingJson,
  consequences: readonly Problem[],
  surroundings: Surroundings,
): Problem {
  const sinceMs = parseTime(finding.beganAt ?? finding.openedAt);
  const forMs = elapsedMs(sinceMs, surroundings.nowMs);
  const stage = finding.stage ?? null;
  const label = stage === null ? null : (surroundings.stageLabels.get(stage) ?? stage);
  const subject = nameSubject(finding);
  return {
    id: finding.id,
    kind: finding.kind,
    severity: worstSeverity(finding, consequences),
    who: finding.kind === 'CommonCause' ? nameMany(finding, label) : (subject ?? label ?? 'the pipeline'),
    phrase: isCauseOfSource(finding) ? 'holds the pipeline up' : kindPhrase(finding.kind),
    where: subject === null || finding.kind === 'CommonCause' ? null : label,
    container: finding.container ?? null,
    stage,
    gpu: finding.gpu ?? null,
    document: finding.document ?? null,
    summary: finding.summary ?? '',
    evidence: finding.evidence ?? [],
    clearsWhen: finding.clearsWhen ?? null,
    sinceMs,
    forMs,
    howLong: sayHowLong(finding, forMs),
    doubt: finding.unconfirmed ? (DOUBTS[finding.unconfirmedBecause ?? ''] ?? 'unconfirmed') : null,
    commands: commandsFor(finding, commandContext(finding, surroundings)),
    recovery: recoveryWord(finding, sinceMs, surroundings),
    consequences,
  };
}

function sayHowLong(finding: FindingJson, forMs: number | null): string {
  if (forMs === null) return '';
  return isMoment(finding.kind) && !isCauseOfSource(finding)
    ? ` ${formatAgo(forMs)}`
    : ` for ${formatDuration(forMs)}`;
}

function commandContext(finding: FindingJson, surroundings: Surroundings): CommandContext {
  const { brokerContainer, sourceTargets, known, states, orchestrators, decisions } = surroundings;
  const container = finding.container ?? '';
  const decision = decisions.get(container);
  return {
    brokerContainer,
    isBrokerRunning: states.get(brokerContainer ?? '')?.state === 'running',
    sourceTarget: sourceTargets.get(finding.source ?? '') ?? null,
    progressFolder: sourceTargets.get('progress') ?? null,
    sentinelsTarget: sourceTargets.get('sentinels') ?? null,
    // Without an engine to ask, the name in a progress file is the best there is.
    isKnown: known.size === 0 || known.has(container),
    state: states.get(container)?.state ?? null,
    isOther: states.get(container)?.role === 'other',
    supervisor: supervisorIn(states.get(container)),
    needsForce:
      (decision?.decision === 'notify' || decision?.decision === 'refuse') &&
      !BY_HAND_ALL_THE_SAME.has(decision.reason ?? ''),
    culprits: culpritsOf(orchestrators.get(container)),
    stuckOnGpu: stuckOn(finding.gpu, surroundings),
  };
}

function supervisorIn(container: ContainerJson | undefined): CommandContext['supervisor'] {
  const { title, remedy } = container?.supervisor ?? {};
  return title ? { title, remedy: remedy ?? null } : null;
}

/** Rules that hold back the daemon alone, and no restart that a person asks for. */
const BY_HAND_ALL_THE_SAME: ReadonlySet<string> = new Set(['disabled', 'stage_notify']);

/** A broker that stands behind what is wrong does so for as long as it lasts; workers turn bad at a moment. */
function isCauseOfSource({ kind, source }: FindingJson): boolean {
  return kind === 'CommonCause' && Boolean(source);
}

/** Null: it is about a stage, or about nothing that has a name. */
function nameSubject(finding: FindingJson): string | null {
  const { container, source, channel, queue, gpu, document } = finding;
  if (container) return container;
  if (source) return source;
  if (channel) return channel;
  if (queue) return `queue ${queue}`;
  if (gpu) return `GPU ${gpu}`;
  return document ?? null;
}

/** A common cause is told of those it struck: a broker by its source, else workers of a stage, a GPU or the host. */
function nameMany({ gpu, source, container }: FindingJson, stageLabel: string | null): string {
  if (source ?? container) return source ?? container ?? '';
  return `workers ${gpu ? `on GPU ${gpu}` : `of ${stageLabel ?? 'the host'}`}`;
}

function culpritsOf(orchestrator: OrchestratorJson | undefined): readonly string[] {
  return (orchestrator?.heldUpBy?.workers ?? [])
    .filter(({ status }) => status === 'stuck' || status === 'down')
    .map(({ container }) => container);
}

function recoveryWord(
  { container }: FindingJson,
  sinceMs: number | null,
  { decisions, restarts }: Surroundings,
): RecoveryWord | null {
  if (!container) return null;
  const decision = decisions.get(container);
  if (decision) {
    return {
      decision: decision.decision ?? 'notify',
      text: decision.text ?? decision.reason?.replaceAll('_', ' ') ?? '',
      atMs: null,
    };
  }
  const restart = restarts.get(container);
  if (!restart) return null;
  const result = restart.result ?? (restart.dryRun ? 'dry_run' : 'failed');
  const atMs = parseTime(restart.at);
  if (sinceMs !== null && isOfEarlierIncident(result, atMs, restart.tookMs ?? 0, sinceMs)) return null;
  const said = result === 'failed' && restart.text ? `: ${restart.text}` : '';
  return { decision: result, text: `${RESULT_WORDS[result] ?? result}${said}`, atMs };
}

/**
 * A restart that worked was for what began before it. One that failed may itself have brought about what began while it
 * was under way.
 */
function isOfEarlierIncident(result: string, atMs: number | null, tookMs: number, sinceMs: number): boolean {
  if (atMs === null) return true;
  return result === 'recovered' ? atMs < sinceMs : atMs + tookMs < sinceMs;
}
