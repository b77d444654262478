/** Decides what a delivery means: a job to run, one that runs here already, or one whose end the broker never heard of. */

import { isSameJob, type JobKey, jobKey, type Message } from './message.js';

export type Outcome = 'ack' | 'reject' | 'requeue';

/** Tell the broker so; of a channel that is gone nothing is told. */
export interface Settlement {
  readonly message: Message;
  readonly outcome: Outcome;
}

/** `joined`: it runs here already, and this delivery is settled with it. */
export type Verdict =
  | { readonly kind: 'queued' }
  | { readonly kind: 'joined' }
  | { readonly kind: 'ended'; readonly settlement: Settlement };

/** One job at a time, and the deliveries that wait for it. No I/O, no clock. */
export interface Ledger {
  opened(epoch: number): void;
  /** The channel is gone: the broker delivers again what was not settled. True if the job in hand is among it. */
  lost(): boolean;
  delivered(message: Message): Verdict;
  /** Undefined while a job runs, or nothing waits. */
  next(): Message | undefined;
  /** Acks before the job runs; what comes again of it meanwhile is acked too. */
  settleEarly(): readonly Settlement[];
  /** The job is over: all of its deliveries end so, and it is remembered unless it is to run again. */
  ended(outcome: Outcome): readonly Settlement[];
  /** What waits and was not begun goes back to the queue. */
  giveBack(): readonly Settlement[];
}

interface Running {
  readonly key: JobKey;
  deliveries: Message[];
  /** Acked before it began. */
  settledAs?: Outcome;
}

/** Ended jobs that are remembered, in case the broker never heard of their end. */
const MAX_ENDED = 10_000;

export function createLedger(): Ledger {
  const ended = new Map<string, { readonly outcome: Outcome; readonly epoch: number }>();
  let waiting: { readonly message: Message; readonly key: JobKey }[] = [];
  let running: Running | undefined;
  let currentEpoch = 0;

  function recall(message: Message, key: JobKey): Outcome | undefined {
    const { redelivered, delivery } = message;
    // A new message asks for the document again; what is redelivered from now on may be that one.
    if (!redelivered && key.byDocument !== undefined) ended.delete(key.byDocument);
    for (const name of [key.byId, key.byDocument]) {
      const found = name === undefined ? undefined : ended.get(name);
      // Only what is marked as redelivered, or comes with its id on a later channel, can be one whose end got lost.
      if (found && (redelivered || delivery.epoch > found.epoch)) return found.outcome;
    }
    return undefined;
  }

  function remember({ byId, byDocument }: JobKey, outcome: Outcome): void {
    for (const name of [byId, byDocument]) {
      if (name === undefined) continue;
      ended.delete(name);
      ended.set(name, { outcome, epoch: currentEpoch });
    }
    for (const name of ended.keys()) {
      if (ended.size <= MAX_ENDED) return;
      ended.delete(name);
    }
  }

  return {
    opened(epoch) {
      currentEpoch = epoch;
    },
    lost() {
      waiting = [];
      const hadJob = running !== undefined && running.deliveries.length > 0;
      if (running) running.deliveries = [];
      return hadJob;
    },
    delivered(message) {
      const key = jobKey(message);
      if (running && isSameJob(running.key, key)) {
        if (running.settledAs) return { kind: 'ended', settlement: { message, outcome: running.settledAs } };
        running.deliveries.push(message);
        return { kind: 'joined' };
      }
      const outcome = recall(message, key);
      if (outcome !== undefined) return { kind: 'ended', settlement: { message, outcome } };
      waiting.push({ message, key });
      return { kind: 'queued' };
    },
    next() {
      const first = running ? undefined : waiting.shift();
      if (first) running = { key: first.key, deliveries: [first.message] };
      return first?.message;
    },
    settleEarly() {
      if (!running) return [];
      running.settledAs = 'ack';
      const settled = running.deliveries.map((message) => ({ message, outcome: 'ack' as const }));
      running.deliveries = [];
      return settled;
    },
    ended(outcome) {
      const over = running;
      running = undefined;
      if (!over) return [];
      if (outcome !== 'requeue') remember(over.key, outcome);
      return over.deliveries.map((message) => ({ message, outcome }));
    },
    giveBack() {
      const settled = waiting.map(({ message }) => ({ message, outcome: 'requeue' as const }));
      waiting = [];
      return settled;
    },
  };
}
