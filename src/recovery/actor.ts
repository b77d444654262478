/**
 * Does one restart that was planned: looks again, keeps the evidence, writes down what it is about to do, looks once
 * more, asks the engine once, and waits until the container runs again.
 *
 * What is written down before the engine is asked makes that a daemon that dies at any step finds the restart in its
 * memory: it then asks whether it has happened, and never asks for it again.
 */

import type { Verdicts } from '../detectors/verdicts.js';
import type { ContainerLook } from '../fleet/engine-answers.js';
import type { Fleet } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import { describeError } from '../lib/describe-error.js';
import type { Logger } from '../lib/logger.js';
import type { Hold, HoldReason, RecoverySettings, WorkerPlan } from './decision.js';
import type { EnginePort, RestartPorts } from './engine-port.js';
import { evidenceFiles } from './evidence-files.js';
import type { EvidenceStore } from './evidence-store.js';
import { incidentId } from './incident.js';
import { judgeLook, judgeProgress } from './last-look.js';
import type { InFlight } from './memory.js';
import { withoutRestart, withPersonsWord, withRestart } from './memory-changes.js';
import type { MemoryKeeper } from './memory-keeper.js';
import { awaitStart, type Settled } from './settle.js';

export interface Order {
  readonly plan: WorkerPlan;
  /** `stagewatch`, or who asked. */
  readonly by: string;
  readonly why: string;
  readonly isDryRun: boolean;
  /** A person lifts what the container's past forbids. */
  readonly isForced: boolean;
}

export type Outcome = { readonly evidence?: string } & (
  | { readonly kind: 'aborted'; readonly reason: HoldReason; readonly text: string }
  | { readonly kind: 'dry_run' }
  /** It was asked of the engine: what came of it is in `settled`. */
  | { readonly kind: 'asked'; readonly inFlight: InFlight; readonly settled: Settled }
);

export interface Actor {
  /** Never rejects. */
  act(order: Order): Promise<Outcome>;
}

export interface ActorOptions extends RestartPorts {
  readonly fleet: Fleet;
  readonly verdicts: () => Verdicts;
  readonly settings: () => RecoverySettings;
  readonly keeper: MemoryKeeper;
  readonly evidence: EvidenceStore;
  readonly journal: Pick<Journal, 'appendDurably'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What speaks against the order now, that did not when it was planned. */
  readonly permit: (order: Order) => Hold | undefined;
  /** The daemon stops: nothing more is asked. */
  readonly stopped: AbortSignal;
}

/** The engine answers a restart when it is through; beyond the stop timeout it gets this long. */
export const CALL_MARGIN_MS = 30_000;
/** The stop and start that are asked for may seem to come so much before, because the engine's clock is not exactly known. */
const CLOCK_SLACK_MS = 3000;

class Abort extends Error {
  readonly reason: HoldReason;
  constructor(reason: HoldReason, text: string) {
    super(text);
    this.reason = reason;
  }
}

export function createActor(options: ActorOptions): Actor {
  const { keeper, clock, log } = options;

  async function lookAgain(engine: EnginePort, { plan }: Order): Promise<ContainerLook> {
    const { container } = plan;
    if (!container) throw new Abort('no_container', plan.text);
    const answer = await engine.look(container.id);
    const judged = judgeLook(answer, plan);
    if ('reason' in judged) throw new Abort(judged.reason, judged.text);
    return judged.look;
  }

  async function keepEvidence(engine: EnginePort, order: Order, look: ContainerLook): Promise<Evidence> {
    const { evidence_lines: maxLines, evidence_log_bytes: maxBytes } = options.settings().recovery;
    const [logs, top] = await Promise.all([engine.logs(look, { maxLines, maxBytes }), engine.top(look.id)]);
    if (logs.kind === 'failed' && !order.isForced) {
      throw new Abort('no_evidence', `its last log lines could not be read: ${logs.problem}`);
    }
    const nowMs = clock.nowMs();
    const incident = incidentId(look.name, nowMs);
    const { fleet } = options;
    const { plan, by, why, isDryRun } = order;
    const facts = { candidate: plan, by, why, isDryRun, look, logs, top, nowMs };
    const files = evidenceFiles({ ...facts, incident, fleet, verdicts: options.verdicts() });
    const kept = await options.evidence.keep(incident, files);
    if (kept.kind === 'failed') {
      throw new Abort('no_evidence', `its evidence could not be kept: ${kept.problem}`);
    }
    return { incident, folder: kept.folder };
  }

  /** The last moment at which nothing has been done yet. */
  async function lookOnceMore(engine: EnginePort, order: Order): Promise<ContainerLook> {
    await options.lookAtProgress().catch((error: unknown) => {
      if (order.isForced) return;
      throw new Abort('source_stale', `its progress could not be read again: ${describeError(error)}`);
    });
    const look = await lookAgain(engine, order);
    const moved = order.isForced ? undefined : judgeProgress(order.plan, options.fleet);
    if (moved !== undefined) throw new Abort('progress_resumed', moved);
    const held = options.permit(order);
    if (held) throw new Abort(held.reason, held.text);
    if (options.stopped.aborted) throw new Abort('stopping', 'stagewatch is stopping');
    return look;
  }

  async function restart(engine: EnginePort, order: Order, kept: Evidence, look: ContainerLook) {
    const { plan, by, why } = order;
    const inFlight = describeFlight(order, kept, look, clock.nowMs());
    const before = keeper.memory;
    const isWritten = await keeper.changeDurably((memory) =>
      withRestart(order.isForced ? withPersonsWord(memory, plan.identity) : memory, plan.identity, inFlight),
    );
    let newest: ContainerLook;
    try {
      if (!isWritten) throw new Abort('cannot_remember', 'data_dir cannot be written');
      newest = await lookOnceMore(engine, order);
      const { id, container, stage, evidence } = inFlight;
      const who = { container, identity: plan.identity, stage };
      const entry = { type: 'restart_started', incident: id, ...who, by, why, evidence } as const;
      if (!(await options.journal.appendDurably(entry))) {
        throw new Abort('cannot_remember', 'the journal cannot be written');
      }
    } catch (error) {
      keeper.change((memory) => withoutRestart(before, memory, plan.identity));
      throw error;
    }
    const settled = await askEngine(engine, order, inFlight, newest);
    return { inFlight, settled };
  }

  async function askEngine(
    engine: EnginePort,
    { plan, by }: Order,
    inFlight: InFlight,
    look: ContainerLook,
  ): Promise<Settled> {
    await options.beforeRestart({ ...plan, incident: inFlight.id, by }).catch((error: unknown) => {
      log.error({ err: error, container: plan.name }, 'what comes before a restart failed');
    });
    const { stop_timeout } = options.settings().recovery;
    options.announce(look.id, clock.nowMs() - CLOCK_SLACK_MS, 'restart-announced');
    const answer = await engine.restart(look, {
      stopTimeoutMs: stop_timeout,
      limitMs: stop_timeout + CALL_MARGIN_MS,
      // Swarm starts another task in its place; the one that ended must not come back beside it.
      ...(inFlight.place !== undefined && { isStopOnly: true }),
    });
    const times = { stopTimeoutMs: stop_timeout, clock, stopped: options.stopped };
    const settled = await awaitStart(answer, { engine, inFlight, ...times });
    // The next start is somebody else's; but who did not answer may still be at it.
    if (settled.kind === 'failed' && !settled.isLeftDown && answer.kind !== 'unanswered') {
      options.announce(look.id, clock.nowMs(), 'restart-withdrawn');
    }
    return settled;
  }

  return {
    async act(order) {
      let folder: string | undefined;
      try {
        const engine = options.engine();
        if (!engine) throw new Abort('engine_unreachable', 'no engine is watched');
        const look = await lookAgain(engine, order);
        const kept = await keepEvidence(engine, order, look);
        folder = kept.folder;
        if (order.isDryRun) return { kind: 'dry_run', evidence: kept.folder };
        return { kind: 'asked', evidence: kept.folder, ...(await restart(engine, order, kept, look)) };
      } catch (error) {
        const evidence = folder === undefined ? {} : { evidence: folder };
        if (error instanceof Abort) {
          return { kind: 'aborted', reason: error.reason, text: error.message, ...evidence };
        }
        log.error({ err: error, container: order.plan.name }, 'a restart was given up for a fault of ours');
        return { kind: 'aborted', reason: 'internal_error', text: describeError(error), ...evidence };
      }
    },
  };
}

interface Evidence {
  readonly incident: string;
  readonly folder: string;
}

function describeFlight(order: Order, kept: Evidence, look: ContainerLook, nowMs: number): InFlight {
  const { plan, by, why } = order;
  return {
    id: kept.incident,
    phase: 'restarting',
    container: plan.name,
    containerId: look.id,
    by,
    why,
    askedAtMs: nowMs,
    evidence: kept.folder,
    ...(plan.stage !== undefined && { stage: plan.stage }),
    ...(look.startedAtMs !== undefined && { startedBeforeMs: look.startedAtMs }),
    ...(plan.container?.supervisor?.place !== undefined && { place: plan.container.supervisor.place }),
  };
}
