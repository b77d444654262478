/** The one vocabulary of every view: a status is colour, shape and word; a severity is colour and shape. */

export interface Look {
  /** One column wide. */
  readonly shape: string;
  /** For terminals that know only ASCII. */
  readonly ascii: string;
  readonly word: string;
  /** Colours as #rrggbb, on white and on near-black; contrast at least 4.5. */
  readonly light: string;
  readonly dark: string;
  /** Worst first; equal ranks are equally bad. */
  readonly rank: number;
}

const BLUE = { light: '#3b6fb6', dark: '#7fb0ee' } as const;
const GREEN = { light: '#00795c', dark: '#2fbf94' } as const;
const GREY = { light: '#6b7280', dark: '#9aa3af' } as const;
const AMBER = { light: '#9a6200', dark: '#e6a532' } as const;
const RED = { light: '#b83a00', dark: '#ff7a45' } as const;

/** Statuses of workers and orchestrators, and of infrastructure (active, starting, down, unknown). */
export const STATUS_LOOKS = {
  stuck: { shape: '✖', ascii: 'X', word: 'stuck', ...RED, rank: 0 },
  down: { shape: '■', ascii: '#', word: 'down', light: '#1f2937', dark: '#e5e7eb', rank: 1 },
  slow: { shape: '◐', ascii: '~', word: 'slow', ...AMBER, rank: 2 },
  starved: { shape: '◎', ascii: 'O', word: 'starved', light: '#8e4585', dark: '#d38fca', rank: 3 },
  unknown: { shape: '?', ascii: '?', word: 'unknown', ...GREY, rank: 4 },
  starting: { shape: '◌', ascii: ':', word: 'starting', ...BLUE, rank: 5 },
  waiting: { shape: '◍', ascii: 'w', word: 'waiting', ...BLUE, rank: 6 },
  active: { shape: '●', ascii: '*', word: 'active', ...GREEN, rank: 7 },
  idle: { shape: '○', ascii: 'o', word: 'idle', ...GREY, rank: 8 },
  done: { shape: '✓', ascii: 'v', word: 'done', ...BLUE, rank: 9 },
} as const satisfies Readonly<Record<string, Look>>;

export type StatusName = keyof typeof STATUS_LOOKS;
/** Worst first. */
export const STATUS_NAMES = Object.keys(STATUS_LOOKS) as readonly StatusName[];

export const SEVERITY_LOOKS = {
  critical: { shape: '▲', ascii: '!', word: 'critical', ...RED, rank: 0 },
  warning: { shape: '◆', ascii: '+', word: 'warning', ...AMBER, rank: 1 },
  info: { shape: '▪', ascii: '-', word: 'info', ...BLUE, rank: 2 },
} as const satisfies Readonly<Record<string, Look>>;

export type SeverityName = keyof typeof SEVERITY_LOOKS;

/** What is not known here, a status of a newer daemon too, is unknown. */
export function statusName(text: string | null | undefined): StatusName {
  return text !== null && text !== undefined && Object.hasOwn(STATUS_LOOKS, text)
    ? (text as StatusName)
    : 'unknown';
}

/** A severity that is not known here is taken as a warning: it is neither hidden nor wakes anybody. */
export function severityName(text: string): SeverityName {
  return Object.hasOwn(SEVERITY_LOOKS, text) ? (text as SeverityName) : 'warning';
}

/** Where each kind leaves its subject, as in `paddle-worker-gpu1-0 stuck for 7m12s`. */
const KIND_PHRASES: Readonly<Record<string, string>> = {
  WorkerStuck: 'stuck',
  OrchestratorStuck: 'stuck',
  StageStalled: 'stalled',
  PipelineStandstill: 'stands still',
  QueueNoConsumers: 'without consumers',
  RestartsExhausted: 'out of restarts',
  CommonCause: 'turned bad together',
  SourceDown: 'unreadable',
  InfrastructureDown: 'down',
  GpuError: 'at fault',
  WorkerSlow: 'slow',
  WorkerSpinning: 'spinning on its GPU',
  WorkerStarved: 'starved',
  WorkerDown: 'down',
  WorkerCrashLooping: 'crash-looping',
  WorkerUnhealthy: 'unhealthy',
  JobOrphaned: 'left a job behind',
  JobNearAckLimit: 'near the ack limit',
  PoisonDocument: 'began to bring workers down',
  QueueGrowing: 'growing',
  QueueMissing: 'missing',
  DeadLettersGrowing: 'taking dead letters',
  FailuresSpiking: 'failing',
  GpuMemoryHigh: 'nearly full',
  GpuMemoryLeaked: 'leaking memory',
  BackupStale: 'without a sign of work',
  LogErrors: 'printing errors',
  NotificationsFailing: 'not delivering notifications',
  ProgressClockSkewed: 'off in its clock',
  ProgressUnreadable: 'unreadable in its progress',
};

/** A kind that is not known here is spelled out: `NewKindOfThing` → `new kind of thing`. */
export function kindPhrase(kind: string): string {
  return KIND_PHRASES[kind] ?? kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

/** Kinds that tell of a moment; all others tell of a state that lasts. */
const MOMENTS: ReadonlySet<string> = new Set(['CommonCause', 'JobOrphaned', 'PoisonDocument']);

export function isMoment(kind: string): boolean {
  return MOMENTS.has(kind);
}
