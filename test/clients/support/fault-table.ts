/** Which fault of docs/detection.md the pipeline of the kit has, where, and which daemon finds it. */

/** `usual`: configured with URLs alone. `quick`: the same with shorter limits, where the usual ones take minutes. */
export type Watcher = 'usual' | 'quick' | 'lost';

export interface Fault {
  readonly kind: string;
  readonly watcher: Watcher;
  /** What of the finding's container, stage, queue, GPU, source or channel must be so. */
  readonly at: Readonly<Record<string, string>>;
  /** In summary or evidence. */
  readonly words: RegExp;
  readonly how: string;
}

export const FAULTS: readonly Fault[] = [
  {
    kind: 'WorkerStuck',
    watcher: 'quick',
    at: { stage: 'STOP' },
    words: /without progress/,
    how: 'a worker stopped by SIGSTOP in mid-job',
  },
  {
    kind: 'OrchestratorStuck',
    watcher: 'quick',
    at: { container: 'orchestrator-1', stage: 'STOP' },
    words: /which has its document, is stuck/,
    how: 'its orchestrator',
  },
  {
    kind: 'WorkerStuck',
    watcher: 'quick',
    at: { stage: 'SPIN' },
    words: /busy|CPU/,
    how: 'a handler that spins without a step',
  },
  {
    kind: 'CommonCause',
    watcher: 'quick',
    at: { stage: 'HANG' },
    words: /3 of 3/,
    how: 'three workers of a stage that hang together',
  },
  {
    kind: 'WorkerDown',
    watcher: 'usual',
    at: { container: 'eat-worker-1' },
    words: /out of memory|OOM|memory/i,
    how: 'a worker killed for want of memory',
  },
  {
    kind: 'WorkerCrashLooping',
    watcher: 'usual',
    at: { container: 'loop-worker-1' },
    words: /exit code 7/,
    how: 'a document that ends its worker, which its policy starts again',
  },
  {
    kind: 'PoisonDocument',
    watcher: 'usual',
    at: { document: 'die-poison' },
    words: /2 workers/,
    how: 'a document that ends two workers',
  },
  {
    kind: 'StageStalled',
    watcher: 'usual',
    at: { stage: 'POISON' },
    words: /down/,
    how: 'a stage whose workers are all down',
  },
  {
    kind: 'JobOrphaned',
    watcher: 'usual',
    at: { stage: 'EARLY', document: 'die-early' },
    words: /die-early/,
    how: 'a job acked early whose worker ended',
  },
  {
    kind: 'FailuresSpiking',
    watcher: 'usual',
    at: { stage: 'BAD' },
    words: /cannot parse page 5/,
    how: 'handlers that raise',
  },
  {
    kind: 'DeadLettersGrowing',
    watcher: 'usual',
    at: { queue: 'bad-dead' },
    words: /bad/,
    how: 'their messages, rejected',
  },
  {
    kind: 'QueueNoConsumers',
    watcher: 'usual',
    at: { queue: 'away', stage: 'AWAY' },
    words: /no consumer/,
    how: 'a message for a stage whose worker was stopped',
  },
  {
    kind: 'QueueMissing',
    watcher: 'usual',
    at: { queue: 'gone', stage: 'GONE' },
    words: /not on the broker/,
    how: 'a queue that is deleted under its worker',
  },
  {
    kind: 'QueueGrowing',
    watcher: 'quick',
    at: { queue: 'full', stage: 'FULL' },
    words: /rose/,
    how: 'more messages than its worker takes',
  },
  {
    kind: 'WorkerStarved',
    watcher: 'usual',
    at: { container: 'idle-worker-1', stage: 'IDLE' },
    words: /consumer/,
    how: 'an idle worker whose process is stopped, so that the broker drops it',
  },
  {
    kind: 'JobNearAckLimit',
    watcher: 'usual',
    at: { container: 'long-worker-1', stage: 'LONG' },
    words: /consumer timeout|1m/,
    how: 'a job near the consumer timeout of its queue',
  },
  {
    kind: 'WorkerUnhealthy',
    watcher: 'usual',
    at: { container: 'main-worker-1' },
    words: /health/,
    how: 'a health check that fails',
  },
  {
    kind: 'ProgressClockSkewed',
    watcher: 'usual',
    at: { container: 'clock-worker-1' },
    words: /ahead/,
    how: 'a clock an hour ahead',
  },
  {
    kind: 'ProgressUnreadable',
    watcher: 'usual',
    at: { container: 'torn-worker-1' },
    words: /JSON/,
    how: 'a progress file of another writer that is no JSON: the kit writes none such',
  },
  {
    kind: 'InfrastructureDown',
    watcher: 'usual',
    at: { container: 'grobid' },
    words: /exit code 1/,
    how: 'a service that ended',
  },
  {
    kind: 'BackupStale',
    watcher: 'usual',
    at: { container: 'backup' },
    words: /does not run/,
    how: 'a backup that failed',
  },
  { kind: 'GpuError', watcher: 'usual', at: { gpu: '0' }, words: /79/, how: 'XID 79 at the exporter' },
  {
    kind: 'GpuMemoryHigh',
    watcher: 'quick',
    at: { gpu: '1' },
    words: /99/,
    how: 'a GPU nearly full at the exporter',
  },
  {
    kind: 'NotificationsFailing',
    watcher: 'usual',
    at: { channel: 'webhook' },
    words: /webhook|refused/i,
    how: 'a webhook where nothing listens',
  },
  {
    kind: 'SourceDown',
    watcher: 'lost',
    at: { source: 'dcgm' },
    words: /dcgm|listens/i,
    how: 'an exporter where nothing listens',
  },
  {
    kind: 'PipelineStandstill',
    watcher: 'lost',
    at: {},
    words: /orchestrator-9/,
    how: 'a worker whose sentinels go where its orchestrator does not look',
  },
];

/** What follows from the faults, and may be open beside them. */
export const CONSEQUENCES: readonly RegExp[] = [
  /^WorkerStuck:(stop|spin|hang)-worker-\d$/,
  /^WorkerDown:(early|poison|loop)-worker-\d$/,
  /^StageStalled:(AWAY|EARLY|EAT|HANG|LOOP|POISON)$/,
  /^LogErrors:/,
  /^QueueNoConsumers:\/\/(early|eat|loop|poison)$/,
];

/** Kinds that this pipeline cannot show, and why. */
export const NOT_SHOWN: Readonly<Record<string, string>> = {
  RestartsExhausted: 'recovery is off by default; test/integration/recovery-faults.test.ts has it',
  GpuMemoryLeaked: 'it takes 5 minutes at least, and no limit shortens that',
  LogErrors: 'what the kit prints fits no pattern for certain; test/integration/log-errors.test.ts has it',
  WorkerSpinning: 'no GPU draws power here; test/detectors/worker-spinning.test.ts has it',
  WorkerSlow: 'a worker must be slow for 2 minutes; its status is slow at once, which the test sees',
};
