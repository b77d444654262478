/**
 * Decides the one status of an orchestrator: where in the DAG it is, whether it waits its turn or waits for ever, and
 * which stage holds it up.
 *
 * Waiting is its work: it is stuck only when what it waits for can no longer come, or when it stands still itself.
 */

import type { Container } from '../fleet/model.js';
import type { Orchestrator } from '../fleet/progress-model.js';
import type { Queue } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Activity } from './activity.js';
import type { HoldUp, OrchestratorStatus } from './verdicts.js';

export interface OrchestratorFacts {
  readonly orchestrator: Orchestrator;
  readonly container: Container | undefined;
  readonly nowMs: number;
  /** Since when it has been at its stage with its document; a message of its own does not end a wait. */
  readonly heldSinceMs: number | undefined;
  readonly stallAfterMs: number;
  /** A stale source that the status would rest on, in words. */
  readonly staleProblem: string | undefined;
  readonly isProgressWatched: boolean;
  readonly lookedAtMs: number;
  /** Who serves its stage; undefined without a stage. */
  readonly holdUp: HoldUp | undefined;
  /** Workers of its stage that have its document in hand. */
  readonly holders: HoldUp['workers'];
  /** A worker of its stage is at a job that no orchestrator is known to wait for: it may be its own, under another name. */
  readonly isAnyStranger: boolean;
  /** Of its stage; undefined where the broker is not fresh. */
  readonly queue: Queue | undefined;
  readonly activity: () => Activity;
  /** At an earlier look of this wait nobody had its document and no message waited: it cannot have come back since. */
  readonly wasLost: boolean;
}

export interface OrchestratorJudgement {
  readonly status: OrchestratorStatus;
  readonly reason: string;
  readonly evidence: readonly string[];
  /** Nobody has what it waits for, and nothing will bring it. */
  readonly isLost?: true;
}

export function judgeOrchestrator(facts: OrchestratorFacts): OrchestratorJudgement {
  const { orchestrator, container, staleProblem, isProgressWatched } = facts;
  if (staleProblem !== undefined) return plain('unknown', staleProblem);
  if (container && container.state !== 'running') return plain('down', `container is ${container.state}`);
  if (!isProgressWatched) return plain('unknown', 'no progress is watched: set progress.directory');
  if (orchestrator.unreadable !== undefined) {
    return plain('unknown', `its progress file cannot be used (${orchestrator.unreadable})`);
  }
  const { job, state } = orchestrator;
  if (!job) return plain('done', state === 'done' ? 'done with its document' : 'carries no document');
  const silentMs = Math.max(0, facts.lookedAtMs - job.lastProgressAtMs);
  if (silentMs > facts.stallAfterMs) {
    const lost = state === 'waiting' ? whyWaitIsVain(facts) : whyItStandsStill(facts);
    if (lost) return describeStuck(lost, silentMs, facts);
  }
  return state === 'waiting' ? describeWaiting(facts) : plain('active', describeWork(orchestrator));
}

function plain(status: OrchestratorStatus, reason: string): OrchestratorJudgement {
  return { status, reason, evidence: [] };
}

interface Lost {
  readonly isLost?: true;
  readonly reason: string;
  readonly evidence: readonly string[];
}

/** Undefined: what it waits for may still come, or nobody can tell. */
function whyWaitIsVain(facts: OrchestratorFacts): Lost | undefined {
  const { orchestrator, holdUp, holders, queue } = facts;
  const { stage, document } = orchestrator;
  if (!holdUp || stage === undefined) return undefined;
  const serving = holdUp.workers.filter(({ status }) => status !== 'down');
  const evidence = describeServing(holdUp);
  if (holders.length > 0) {
    if (!holders.every(({ status }) => status === 'stuck')) return undefined;
    const names = holders.map(({ container }) => container).join(', ');
    return { reason: `${names}, which has its document, is stuck`, evidence };
  }
  if (serving.length === 0) return { reason: `no worker of ${stage} is up`, evidence };
  if (serving.every(({ status }) => status === 'stuck' || status === 'starved')) {
    return { reason: `every worker of ${stage} is stuck or starved`, evidence };
  }
  if (serving.some(({ status }) => status === 'unknown') || document === undefined) return undefined;
  if (facts.isAnyStranger) return undefined;
  if (!facts.wasLost && !isQueueEmpty(queue, holdUp)) return undefined;
  const reason = `nobody works on ${document}, and no message of it waits for ${stage}`;
  return { isLost: true, reason, evidence: describeServing(holdUp) };
}

/** Also of what is being delivered; messages keep their order, so what it waits for is not there. */
function isQueueEmpty(queue: Queue | undefined, holdUp: HoldUp): boolean {
  return queue?.ready?.value === 0 && !isMidDelivery(queue, holdUp);
}

/** More messages are in hand than workers tell of: one of them may be this. */
function isMidDelivery({ unacked }: Queue, { workers }: HoldUp): boolean {
  const busy = workers.filter(({ status }) => status !== 'idle' && status !== 'down').length;
  return unacked !== undefined && unacked.value > busy;
}

function whyItStandsStill({ activity }: OrchestratorFacts): Lost | undefined {
  const around = activity();
  if (!around.isStill) return undefined;
  return { reason: 'it does not wait for a stage, and does nothing', evidence: around.evidence };
}

function describeStuck(
  { isLost, reason, evidence }: Lost,
  silentMs: number,
  { orchestrator, stallAfterMs }: OrchestratorFacts,
): OrchestratorJudgement {
  const at = orchestrator.stage === undefined ? '' : ` at ${orchestrator.stage}`;
  const still = `no progress for ${formatDuration(silentMs)}${at}; limit ${formatDuration(stallAfterMs)}`;
  return { status: 'stuck', reason, evidence: [still, reason, ...evidence], ...(isLost && { isLost }) };
}

function describeServing({ stage, workers }: HoldUp): readonly string[] {
  const counts = new Map<string, number>();
  for (const { status } of workers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const list = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return [`${stage} is served by ${counted(workers.length, 'worker')}${list === '' ? '' : `: ${list}`}`];
}

function describeWaiting(facts: OrchestratorFacts): OrchestratorJudgement {
  const { orchestrator, queue, holders, heldSinceMs, lookedAtMs, nowMs } = facts;
  const waitedMs = Math.max(0, Math.min(lookedAtMs, nowMs) - (heldSinceMs ?? nowMs));
  const since = `waits for ${orchestrator.stage ?? 'a stage'} for ${formatDuration(waitedMs)}`;
  const [holder] = holders;
  if (holder) return plain('waiting', `${since}: ${holder.container} works on it`);
  const ready = queue?.ready?.value ?? 0;
  return plain('waiting', ready > 0 ? `${since}: ${counted(ready, 'message')} in its queue` : since);
}

function describeWork({ stage, document }: Orchestrator): string {
  const at = stage === undefined ? '' : ` at ${stage}`;
  return `carries ${document ?? 'a document'}${at}`;
}
