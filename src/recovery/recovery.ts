/** Recovery as one thing: looks after each evaluation, plans, acts on one worker at a time, verifies, and remembers. */

import type { Finding } from '../detectors/finding.js';
import type { KindJudgement } from '../detectors/finding-book.js';
import type { Journal } from '../journal/journal.js';
import type { DurableSection } from '../lib/durable-section.js';
import { type Actor, type ActorOptions, createActor, type Order } from './actor.js';
import { createChangeWatch } from './change-watch.js';
import type { RecoverySettings, WorkerPlan } from './decision.js';
import { createFlights } from './flights.js';
import { createHolds } from './holds.js';
import { memoryFromJournal } from './journal-memory.js';
import { createLookWatch } from './look-watch.js';
import type { RecoveryMemory } from './memory.js';
import { containerRemaining, fleetRemaining, memoryOf } from './memory.js';
import { withDryRun, withLook } from './memory-changes.js';
import { createMemoryKeeper } from './memory-keeper.js';
import { type Notes, notesOf } from './notes.js';
import { judgeExhaustion } from './own-findings.js';
import { permitHold } from './permit.js';
import { planRecovery } from './plan.js';
import { planByHand } from './plan-by-hand.js';
import type { PlanInput } from './plan-input.js';
import { createRecord, type DoneRestart, MAX_RECENT, type StageRecord } from './record.js';
import { seenContainer } from './seen-container.js';

export interface RecoveryOptions
  extends Omit<ActorOptions, 'settings' | 'keeper' | 'journal' | 'stopped' | 'permit'> {
  readonly settings: RecoverySettings;
  readonly section: DurableSection;
  readonly state: { flush(): Promise<boolean>; readonly isWritable: boolean };
  readonly journal: Pick<Journal, 'append' | 'appendDurably' | 'newest'>;
}

export interface HandRequest {
  readonly container: string;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly by: string;
  readonly why: string;
}

export interface HandAnswer {
  readonly plan: WorkerPlan;
  /** Absent where nothing was restarted. */
  readonly result?: 'started' | 'failed' | 'dry_run' | 'aborted';
  readonly text: string;
  readonly evidence?: string;
}

/** What there is to show; plans of the last look. */
export interface RecoveryPicture {
  readonly settings: RecoverySettings;
  readonly memory: RecoveryMemory;
  readonly plans: readonly WorkerPlan[];
  readonly recent: readonly DoneRestart[];
  readonly stages: ReadonlyMap<string, StageRecord>;
}

export interface Recovery {
  /** After the state file and the journal are open: takes up what the life before left. */
  start(): void;
  /** After each evaluation. */
  look(): void;
  ownFindings(): readonly KindJudgement[];
  setSettings(settings: RecoverySettings): void;
  readonly picture: RecoveryPicture;
  /** Undefined: no worker is called that. */
  restartByHand(request: HandRequest): Promise<HandAnswer | undefined>;
  notesOf(finding: Finding): Promise<Notes>;
  /** Nothing is asked any more; resolves when what is under way is written down. */
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 1000;
/** As many as any budget of the fleet allows. */
const MAX_REBUILT = 1000;
/** By whom restarts are that nobody asked for. */
const SELF = 'stagewatch';

export function createRecovery(options: RecoveryOptions): Recovery {
  const { fleet, verdicts, clock, journal, state, log } = options;
  let { settings } = options;
  let plans: readonly WorkerPlan[] = [];
  let acting: Promise<unknown> = Promise.resolve();
  let isActing = false;
  let isStarted = false;
  const stopped = new AbortController();
  const keeper = createMemoryKeeper({ section: options.section, flush: state.flush });
  const changes = createChangeWatch();
  const record = createRecord();
  const holds = createHolds({ record, journal });
  const looks = createLookWatch();
  const shared = { ...options, settings: () => settings, keeper, stopped: stopped.signal };
  const actor: Actor = createActor({ ...shared, permit: (order) => permitHold(order, input()) });
  const flights = createFlights({ ...shared, record });

  function input(): PlanInput {
    const nowMs = clock.nowMs();
    return {
      fleet,
      verdicts: verdicts(),
      settings,
      memory: keeper.memory,
      changes,
      canRemember: state.isWritable,
      aborted: holds.aborted(nowMs),
      unsure: looks.hold(clock.monotonicMs()),
      nowMs,
    };
  }

  function grow(): void {
    const nowMs = clock.nowMs();
    looks.note({ nowMs, monotonicMs: clock.monotonicMs() }, settings.detection.interval);
    changes.note(fleet, keeper.memory, nowMs);
    const { findings, workers } = verdicts();
    const before = keeper.memory;
    keeper.change((memory) =>
      withLook(memory, {
        nowMs,
        config: settings.recovery,
        seen: (identity) => seenContainer(identity, { fleet, workers, changedNow: changes.changedNow }),
        isOpen: (id) => findings.has(id),
      }),
    );
    flights.claimEnds(before);
  }

  function noteBudgets(): void {
    const nowMs = clock.nowMs();
    const ofStages = new Map<string, number>();
    for (const stage of fleet.stages.keys()) ofStages.set(stage, 0);
    for (const [identity, { stage }] of fleet.workers) {
      if (stage === undefined) continue;
      const left = containerRemaining(memoryOf(keeper.memory, identity), settings.recovery, nowMs);
      ofStages.set(stage, (ofStages.get(stage) ?? 0) + left);
    }
    const ofFleet = fleetRemaining(keeper.memory, settings.recovery, nowMs);
    for (const [stage, left] of ofStages) ofStages.set(stage, Math.min(left, ofFleet));
    record.noteBudgets(ofStages);
  }

  async function carryOut(order: Order): Promise<HandAnswer> {
    const { plan, isDryRun, by, why } = order;
    const startedMs = clock.monotonicMs();
    const atMs = clock.nowMs();
    isActing = true;
    journal.append({ type: 'restart_planned', ...describePlan(plan), by, why, dryRun: isDryRun });
    const outcome = await actor.act(order);
    isActing = false;
    const { evidence } = outcome;
    const kept = evidence === undefined ? {} : { evidence };
    if (evidence !== undefined) void prune();
    switch (outcome.kind) {
      case 'aborted':
        holds.abort(plan, outcome, clock.nowMs());
        return { plan, result: 'aborted', text: outcome.text, ...kept };
      case 'dry_run': {
        const { finding } = plan;
        if (finding) keeper.change((memory) => withDryRun(memory, finding.id, atMs));
        const text = `it would be restarted: ${plan.text}`;
        flights.dryRun({ order, atMs, tookMs: clock.monotonicMs() - startedMs, text, ...kept });
        return { plan, result: 'dry_run', text, ...kept };
      }
      case 'asked': {
        const told = await flights.settled(plan.identity, outcome.inFlight, outcome.settled);
        return { plan, ...told, ...kept };
      }
    }
  }

  async function prune(): Promise<void> {
    const problem = await options.evidence.prune(settings.recovery, clock.nowMs());
    if (problem !== undefined) log.warn({ problem }, 'old evidence cannot be removed');
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = acting.then(work);
    acting = done.catch(() => undefined);
    return done;
  }

  return {
    start() {
      const isWhole = keeper.load(() =>
        memoryFromJournal(journal.newest({ limit: MAX_REBUILT, types: ['restart_started'] })),
      );
      if (!isWhole)
        log.error('not all that recovery remembered can be read; budgets are counted by the journal');
      record.restore(journal.newest({ limit: MAX_RECENT, types: ['restart_ended'] }));
      isStarted = true;
      acting = flights.takeUp();
    },
    look() {
      if (!isStarted || stopped.signal.aborted) return;
      grow();
      flights.verify();
      plans = planRecovery(input());
      holds.note(plans);
      noteBudgets();
      const chosen = plans.find(({ decision }) => decision === 'restart');
      if (!chosen || isActing || flights.isTakingUp) return;
      const why = chosen.finding?.summary ?? chosen.text;
      isActing = true;
      const order = { plan: chosen, by: SELF, why, isDryRun: settings.recovery.dry_run, isForced: false };
      void inTurn(() => carryOut(order));
    },
    ownFindings: () => [judgeExhaustion({ plans, memory: keeper.memory, settings, nowMs: clock.nowMs() })],
    setSettings(next) {
      settings = next;
    },
    get picture() {
      return { settings, memory: keeper.memory, plans, recent: record.recent, stages: record.stages };
    },
    async restartByHand({ container, isDryRun, isForced, by, why }) {
      // Planned when its turn comes: what is done before may forbid it.
      return inTurn(async () => {
        const plan = planByHand(input(), container, isForced);
        if (!plan) return undefined;
        if (plan.decision !== 'restart') {
          holds.refuse(plan, by);
          return { plan, text: plan.text };
        }
        return carryOut({ plan, by, why, isDryRun, isForced });
      });
    },
    notesOf: (finding) => notesOf(finding, { ...shared, plans, record }),
    async stop() {
      stopped.abort();
      // What the engine was asked is on disk already: the next life finds out what came of it.
      await Promise.race([acting, new Promise<void>((resolve) => clock.after(STOP_LIMIT_MS, resolve))]);
    },
  };
}

function describePlan({ name, stage, reason, text, cost }: WorkerPlan) {
  return { container: name, stage, reason, text, cost: cost?.text };
}
