/** Follows restarts that were asked for to their end: whether the container started, and whether the worker took up work. */

import type { Container } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import { formatDuration } from '../lib/duration.js';
import type { ActorOptions, Order } from './actor.js';
import { CALL_MARGIN_MS } from './actor.js';
import { type InFlight, memoryOf, type PendingRestart, type RecoveryMemory } from './memory.js';
import { withEnd, withPhase } from './memory-changes.js';
import { pendingOf } from './pending.js';
import type { RecoveryRecord, RestartResult } from './record.js';
import { type FailedRestart, findOut, type Settled } from './settle.js';
import { verifyRestart } from './verify.js';

export interface Flights {
  /** Restarts of the life before are being looked into. */
  readonly isTakingUp: boolean;
  takeUp(): Promise<void>;
  settled(
    identity: string,
    inFlight: InFlight,
    settled: Settled,
  ): Promise<{ readonly result: 'started' | 'failed'; readonly text: string }>;
  /** At each look. */
  verify(): void;
  /** Containers that a failed restart left down: their end is ours. `before`: the memory at the look before. */
  claimEnds(before: RecoveryMemory): void;
  dryRun(done: DryRun): void;
}

export interface DryRun {
  readonly order: Order;
  readonly atMs: number;
  readonly tookMs: number;
  readonly text: string;
  readonly evidence?: string;
}

export interface FlightsOptions
  extends Pick<
    ActorOptions,
    'fleet' | 'verdicts' | 'settings' | 'keeper' | 'clock' | 'log' | 'engine' | 'stopped' | 'announce'
  > {
  readonly journal: Pick<Journal, 'append' | 'newest'>;
  readonly record: RecoveryRecord;
}

/** Restarts whose end may have been written just before a life ended. */
const LOOK_BACK = 100;
const ENGINE_RETRY_MS = 1000;

export function createFlights(options: FlightsOptions): Flights {
  const { fleet, verdicts, settings, keeper, clock, log, journal, record } = options;
  let isTakingUp = false;

  function end(
    identity: string,
    inFlight: InFlight,
    came: { result: RestartResult; text: string } & Partial<
      Pick<FailedRestart, 'isLeftDown' | 'mayComeAtMs'>
    >,
  ): void {
    const nowMs = clock.nowMs();
    const { result, text, isLeftDown, mayComeAtMs } = came;
    const { id, container, stage, by, why, evidence, askedAtMs } = inFlight;
    const tookMs = Math.max(0, nowMs - askedAtMs);
    const facts = { container, by, why, text, tookMs, ...(stage !== undefined && { stage }) };
    const kept = evidence === undefined ? {} : { evidence };
    // First the journal: a daemon that ends between the two finds the end written, and writes no second one.
    journal.append({ type: 'restart_ended', incident: id, result, ...facts, ...kept });
    keeper.change((memory) =>
      withEnd(memory, identity, {
        atMs: nowMs,
        ...(result === 'failed' && { failure: text }),
        ...(isLeftDown && { isLeftDown }),
        ...(mayComeAtMs !== undefined && { pending: pendingOf(inFlight, mayComeAtMs) }),
      }),
    );
    record.done({ incident: id, atMs: askedAtMs, result, ...facts, ...kept });
    const fields = { container, stage, result, text, by, evidence };
    if (result === 'recovered') log.info(fields, 'restart ended');
    else log.warn(fields, 'restart ended');
  }

  async function settle(identity: string, inFlight: InFlight, settled: Settled) {
    switch (settled.kind) {
      case 'started': {
        const { startedAtMs } = settled;
        const change = {
          phase: 'verifying',
          startedAfterMs: startedAtMs,
          seenStartedAtMs: clock.nowMs(),
        } as const;
        await keeper.changeDurably((memory) => withPhase(memory, identity, change));
        log.info({ container: inFlight.container, by: inFlight.by }, 'container restarted');
        return {
          result: 'started',
          text: 'it was restarted, and is watched until it takes up work',
        } as const;
      }
      case 'ended': {
        const change = { phase: 'verifying', seenStartedAtMs: clock.nowMs() } as const;
        await keeper.changeDurably((memory) => withPhase(memory, identity, change));
        log.info({ container: inFlight.container, by: inFlight.by }, 'Swarm task stopped');
        const text = `its task was stopped; it is watched until another one is at work as ${inFlight.place}`;
        return { result: 'started', text } as const;
      }
      case 'failed': {
        end(identity, inFlight, { ...settled, result: 'failed' });
        return { result: 'failed', text: settled.text } as const;
      }
      case 'open':
        return { result: 'failed', text: 'stagewatch stops before it is known what came of it' } as const;
    }
  }

  function noteTookEffect(container: Container, { incident, askedAtMs }: PendingRestart): void {
    const { name, stage } = container;
    const ago = formatDuration(Math.max(0, clock.nowMs() - askedAtMs));
    const text = `the restart that was asked for ${ago} ago and failed has ended it now, and the engine does not start it`;
    const facts = { incident, container: name, text, ...(stage !== undefined && { stage }) };
    journal.append({ type: 'restart_took_effect', ...facts });
    log.warn(facts, 'a restart that had failed took effect');
  }

  async function takeUpOne(identity: string, inFlight: InFlight): Promise<void> {
    const written = journal.newest({ limit: LOOK_BACK, types: ['restart_ended'] });
    const end = written.find(({ incident }) => incident === inFlight.id);
    if (end) {
      // Of one that failed, nobody knows now whether the engine goes on with it.
      const atMs = clock.nowMs();
      const failed = { failure: String(end['text'] ?? ''), pending: pendingOf(inFlight, atMs) };
      keeper.change((memory) =>
        withEnd(memory, identity, { atMs, ...(end['result'] === 'failed' && failed) }),
      );
      return;
    }
    if (inFlight.phase === 'verifying') return;
    log.warn(
      { container: inFlight.container, incident: inFlight.id },
      'a restart was under way when stagewatch ended',
    );
    const engine = await whenEngine();
    if (!engine) return;
    const stopTimeoutMs = settings().recovery.stop_timeout;
    const how = { engine, inFlight, stopTimeoutMs, clock, stopped: options.stopped };
    const settled = await findOut(how, stopTimeoutMs + CALL_MARGIN_MS);
    await settle(identity, inFlight, settled);
  }

  /** Undefined: the daemon stops before there is one. */
  async function whenEngine() {
    for (;;) {
      const engine = options.engine();
      if (engine || options.stopped.aborted) return engine;
      await new Promise<void>((resolve) => clock.after(ENGINE_RETRY_MS, resolve));
    }
  }

  return {
    get isTakingUp() {
      return isTakingUp;
    },
    async takeUp() {
      isTakingUp = true;
      await Promise.all(
        [...keeper.memory.inFlight].map(([identity, inFlight]) => takeUpOne(identity, inFlight)),
      );
      isTakingUp = false;
    },
    settled: settle,
    verify() {
      for (const [identity, inFlight] of keeper.memory.inFlight) {
        if (inFlight.phase !== 'verifying') continue;
        const facts = { fleet, verdicts: verdicts(), settings: settings(), nowMs: clock.nowMs() };
        const came = verifyRestart(identity, inFlight, facts);
        if (came) end(identity, inFlight, came);
      }
    },
    claimEnds(before) {
      for (const [identity, { leftDownAtMs }] of keeper.memory.containers) {
        const container = fleet.containers.get(identity);
        if (leftDownAtMs === undefined || !container) continue;
        const known = memoryOf(before, identity);
        if (known.pending && known.leftDownAtMs === undefined) noteTookEffect(container, known.pending);
        const { lastEnd, id, state } = container;
        if (lastEnd && !lastEnd.isOurs && state !== 'running') {
          options.announce(id, lastEnd.atMs, 'restart-ended-it');
        }
      }
    },
    dryRun({ order, atMs, tookMs, text, evidence }) {
      const { plan, by, why } = order;
      const stage = plan.stage === undefined ? {} : { stage: plan.stage };
      const kept = evidence === undefined ? {} : { evidence };
      const incident = evidence?.split('/').at(-1) ?? '';
      const facts = { incident, container: plan.name, by, why, text, tookMs, ...stage, ...kept };
      journal.append({ type: 'restart_ended', result: 'dry_run', ...facts });
      record.done({ ...facts, atMs, result: 'dry_run' });
      log.info({ container: plan.name, ...stage, text, by, ...kept }, 'dry run of a restart');
    },
  };
}
