/** Judges every orchestrator after the workers, by whose statuses it is held up or not. */

import type { SourceName } from '../fleet/model.js';
import type { Orchestrator } from '../fleet/progress-model.js';
import { judgeActivity } from './activity.js';
import { drawDots } from './dag-dots.js';
import { judgeOrchestrator, type OrchestratorJudgement } from './judge-orchestrator.js';
import type { HoldUp, OrchestratorStanding, OrchestratorVerdict, WorkerVerdict } from './verdicts.js';
import type { WorkerScene } from './worker-scene.js';

export interface OrchestratorJudge {
  judge(scene: OrchestratorScene): ReadonlyMap<string, OrchestratorVerdict>;
}

export interface OrchestratorScene extends WorkerScene {
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
}

/** For how long an orchestrator that does not wait must have been still, to be stuck. */
const STILL_MS = 120_000;

export function createOrchestratorJudge(): OrchestratorJudge {
  let verdicts = new Map<string, OrchestratorVerdict>();
  /** Since when those wait whose document is lost. */
  const lostWaits = new Map<string, number>();

  function judgeOne(key: string, orchestrator: Orchestrator, context: Context): OrchestratorVerdict {
    const { scene, servers, holders, strangers } = context;
    const { fleet, settings, nowMs, freshness, surroundings } = scene;
    const { stage, document } = orchestrator;
    const container =
      orchestrator.identity === undefined ? undefined : fleet.containers.get(orchestrator.identity);
    const feed: SourceName = orchestrator.isByMessage ? 'rabbitmq' : 'progress';
    const holdUp = stage === undefined ? undefined : { stage, workers: servers.get(stage) ?? [] };
    const waitsSinceMs = orchestrator.job?.lastProgressAtMs;
    const before = verdicts.get(key);
    const { isLost, ...judgement } = judgeOrchestrator({
      orchestrator,
      wasLost: waitsSinceMs !== undefined && lostWaits.get(key) === waitsSinceMs,
      container,
      nowMs,
      heldSinceMs: heldSince(orchestrator, before),
      stallAfterMs: settings.detection.orchestrator_stall_after,
      staleProblem: describeStale(container ? ['docker', feed] : [feed], scene),
      isProgressWatched: freshness.isWatched(feed),
      lookedAtMs: freshness.lookedAtMs(feed) ?? nowMs,
      holdUp,
      holders: holders.get(`${stage}\n${document}`) ?? [],
      isAnyStranger: stage !== undefined && strangers.has(stage),
      queue: surroundings.queueOf(stage),
      activity: () => judgeActivity(fleet, aloneAround(orchestrator), { nowMs, neededMs: STILL_MS }),
    });
    if (isLost && waitsSinceMs !== undefined) lostWaits.set(key, waitsSinceMs);
    return conclude(judgement, { orchestrator, holdUp, scene, before });
  }

  return {
    judge(scene) {
      const context = { scene, ...indexWorkers(scene) };
      const next = new Map<string, OrchestratorVerdict>();
      for (const [key, orchestrator] of scene.fleet.orchestrators) {
        next.set(key, judgeOne(key, orchestrator, context));
      }
      verdicts = next;
      for (const key of lostWaits.keys()) if (!next.has(key)) lostWaits.delete(key);
      return next;
    },
  };
}

interface Conclusion {
  readonly orchestrator: Orchestrator;
  readonly holdUp: HoldUp | undefined;
  readonly scene: OrchestratorScene;
  readonly before: OrchestratorVerdict | undefined;
}

function conclude(
  judgement: OrchestratorJudgement,
  { orchestrator, holdUp, scene, before }: Conclusion,
): OrchestratorVerdict {
  const { stage, completed, container, state } = orchestrator;
  const { status } = judgement;
  const isHeldUp = isHeld(status);
  const place = { completed, isDone: state === 'done', ...(stage !== undefined && { stage }) };
  return {
    ...judgement,
    standing: sameStanding(before?.standing, { container, status }),
    judged: orchestrator,
    sinceMs: sinceWhen(status, { orchestrator, before, nowMs: scene.nowMs }),
    dots: drawDots(scene.fleet.stages.values(), place),
    ...(stage !== undefined && { stage }),
    ...(isHeldUp && holdUp && { holdUp }),
  };
}

function isHeld(status: OrchestratorVerdict['status']): boolean {
  return status === 'waiting' || status === 'stuck';
}

/** An orchestrator waits again and again, for one stage after the other: each wait has its own begin. */
function sinceWhen(
  status: OrchestratorVerdict['status'],
  { orchestrator, before, nowMs }: Pick<Conclusion, 'orchestrator' | 'before'> & { readonly nowMs: number },
): number {
  if (isHeld(status)) return heldSince(orchestrator, before) ?? nowMs;
  if (before?.status !== status) return nowMs;
  return isSamePlace(orchestrator, before.judged)
    ? before.sinceMs
    : (orchestrator.job?.lastProgressAtMs ?? nowMs);
}

/** Since when it has been at this stage with this document, as far as it is seen; undefined without a document. */
function heldSince(orchestrator: Orchestrator, before: OrchestratorVerdict | undefined): number | undefined {
  const isSame = before !== undefined && isHeld(before.status) && isSamePlace(orchestrator, before.judged);
  return isSame ? before.sinceMs : orchestrator.job?.lastProgressAtMs;
}

function isSamePlace(one: Orchestrator, other: Orchestrator): boolean {
  return one.stage === other.stage && one.document === other.document && one.state === other.state;
}

interface Context {
  readonly scene: OrchestratorScene;
  /** By stage. */
  readonly servers: ReadonlyMap<string, HoldUp['workers']>;
  /** By stage and document. */
  readonly holders: ReadonlyMap<string, HoldUp['workers']>;
  /** Stages where a worker is at a job of no orchestrator's document. */
  readonly strangers: ReadonlySet<string>;
}

function indexWorkers({ fleet, workers }: OrchestratorScene): Omit<Context, 'scene'> {
  const servers = new Map<string, HoldUp['workers'][number][]>();
  const holders = new Map<string, HoldUp['workers'][number][]>();
  const strangers = new Set<string>();
  if (fleet.orchestrators.size === 0) return { servers, holders, strangers };
  const awaited = new Set<string>();
  for (const { stage, document } of fleet.orchestrators.values()) awaited.add(`${stage}\n${document}`);
  for (const [key, { stage, container, id }] of fleet.workers) {
    const { status, job } = workers.get(key) ?? {};
    if (stage === undefined || status === undefined) continue;
    const server = { container, status, ...(id !== undefined && { id }) };
    push(servers, stage, server);
    if (!job) continue;
    const work = `${stage}\n${job.document}`;
    if (job.document !== undefined) push(holders, work, server);
    if (status !== 'down' && (job.document === undefined || !awaited.has(work))) strangers.add(stage);
  }
  return { servers, holders, strangers };
}

/** Its own CPU time is all that tells of an orchestrator. */
function aloneAround({ identity, container }: Orchestrator) {
  return { identity, container, queue: undefined, isOnlyWorker: false, gpus: [] };
}

function describeStale(sources: readonly SourceName[], { freshness }: OrchestratorScene): string | undefined {
  for (const source of sources) {
    const problem = freshness.staleProblem(source);
    if (problem !== undefined) return `${source} is stale: ${problem}`;
  }
  return undefined;
}

function push<T>(map: Map<string, T[]>, key: string, entry: T): void {
  const list = map.get(key);
  if (list) list.push(entry);
  else map.set(key, [entry]);
}

/** The same object as long as nothing of it changes: what it rendered stays good. */
function sameStanding(
  before: OrchestratorStanding | undefined,
  now: OrchestratorStanding,
): OrchestratorStanding {
  return before?.status === now.status && before.container === now.container ? before : now;
}
