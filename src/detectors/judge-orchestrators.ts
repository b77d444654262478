/** Judges every orchestrator after the workers, by whose statuses it is held up or not. */

import type { SourceName } from '../fleet/model.js';
import type { Orchestrator } from '../fleet/progress-model.js';
import { judgeActivity } from './activity.js';
import { drawDots } from './dag-dots.js';
import { judgeOrchestrator } from './judge-orchestrator.js';
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

  function judgeOne(key: string, orchestrator: Orchestrator, context: Context): OrchestratorVerdict {
    const { scene, servers, holders } = context;
    const { fleet, settings, nowMs, freshness, surroundings } = scene;
    const { stage, document, completed } = orchestrator;
    const container =
      orchestrator.identity === undefined ? undefined : fleet.containers.get(orchestrator.identity);
    const feed: SourceName = orchestrator.isByMessage ? 'rabbitmq' : 'progress';
    const holdUp = stage === undefined ? undefined : { stage, workers: servers.get(stage) ?? [] };
    const judgement = judgeOrchestrator({
      orchestrator,
      container,
      nowMs,
      stallAfterMs: settings.detection.orchestrator_stall_after,
      staleProblem: describeStale(container ? ['docker', feed] : [feed], scene),
      isProgressWatched: freshness.isWatched(feed),
      lookedAtMs: freshness.lookedAtMs(feed) ?? nowMs,
      holdUp,
      holders: holders.get(`${stage}\n${document}`) ?? [],
      queue: surroundings.queueOf(stage),
      activity: () => judgeActivity(fleet, aloneAround(orchestrator), { nowMs, neededMs: STILL_MS }),
    });
    const before = verdicts.get(key);
    const { status } = judgement;
    const isHeldUp = status === 'waiting' || status === 'stuck';
    return {
      ...judgement,
      standing: sameStanding(before?.standing, { container: orchestrator.container, status }),
      sinceMs: before?.status === status ? before.sinceMs : nowMs,
      dots: drawDots(fleet.stages.values(), {
        completed,
        isDone: orchestrator.state === 'done',
        ...(stage !== undefined && { stage }),
      }),
      ...(stage !== undefined && { stage }),
      ...(isHeldUp && holdUp && { holdUp }),
    };
  }

  return {
    judge(scene) {
      const context = { scene, ...indexWorkers(scene) };
      const next = new Map<string, OrchestratorVerdict>();
      for (const [key, orchestrator] of scene.fleet.orchestrators) {
        next.set(key, judgeOne(key, orchestrator, context));
      }
      verdicts = next;
      return next;
    },
  };
}

interface Context {
  readonly scene: OrchestratorScene;
  /** By stage. */
  readonly servers: ReadonlyMap<string, HoldUp['workers']>;
  /** By stage and document. */
  readonly holders: ReadonlyMap<string, HoldUp['workers']>;
}

function indexWorkers({ fleet, workers }: OrchestratorScene): Omit<Context, 'scene'> {
  const servers = new Map<string, HoldUp['workers'][number][]>();
  const holders = new Map<string, HoldUp['workers'][number][]>();
  for (const [key, { stage, container, id, job }] of fleet.workers) {
    const status = workers.get(key)?.status;
    if (stage === undefined || status === undefined) continue;
    const server = { container, status, ...(id !== undefined && { id }) };
    push(servers, stage, server);
    if (job?.document !== undefined) push(holders, `${stage}\n${job.document}`, server);
  }
  return { servers, holders };
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
