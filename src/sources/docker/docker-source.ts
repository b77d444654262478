/** Watches one Docker Engine for ever: a session at a time, and after each failure a new one. */

import { createBackoff } from '../../lib/backoff.js';
import type { Timer } from '../../lib/clock.js';
import { formatDuration } from '../../lib/duration.js';
import { createHealthReporter } from '../health-reporter.js';
import type { Source, SourceContext } from '../source.js';
import { createCpuReader } from './cpu-reader.js';
import { type DockerSession, type DockerSourceOptions, openDockerSession } from './docker-session.js';
import { createEngineActions } from './engine-actions.js';
import { createEngineClock } from './engine-clock.js';
import { createEventMemory } from './event-memory.js';
import { UnreadableEventsError } from './event-stream.js';
import { createLogReader, type LogReader } from './logs/log-reader.js';

const BACKOFF = { baseMs: 500, maxMs: 5000 };
/** After a stream of events that could not be read: it is no engine, or a broken one, and each try costs a whole listing. */
const UNREADABLE_BACKOFF = { baseMs: 4000, maxMs: 30_000 };
/** A session that lasted longer was a good one. */
const STEADY_MS = 60_000;
/** Less is corrected without a word. */
const TOLD_SKEW_MS = 5000;

export function createDockerSource(options: DockerSourceOptions, context: SourceContext): Source {
  const { address, config } = options;
  const { clock, apply } = context;
  const reporter = createHealthReporter('docker', context);
  const backoff = createBackoff(BACKOFF);
  const unreadable = createBackoff(UNREADABLE_BACKOFF);
  let openedMs = Number.NEGATIVE_INFINITY;
  const memory = createEventMemory();
  const engineClock = createEngineClock((aheadMs) => reporter.warned(clockWarning(aheadMs, address)));
  const { restarter } = options;
  const stackEngine =
    restarter &&
    createEngineActions({ reader: address, restarter, clock, timeLimitMs: config.request_timeout });
  const isRemote = address.socketPath === undefined;
  const logs = watchLogs(options, context);
  const cpu = createCpuReader(
    { config, isRemote, ...(stackEngine && { stackEngine }), ...(logs && { logs }) },
    context,
  );
  const stopped = new AbortController();
  let session: DockerSession | undefined;
  let retry: Timer | undefined;

  async function connect(): Promise<void> {
    openedMs = clock.monotonicMs();
    try {
      const opened = await openDockerSession({
        ...options,
        ...context,
        memory,
        engineClock,
        reporter,
        cpu,
        stopped: stopped.signal,
        onFirstPicture: () => backoff.reset(),
        onEnd: retryLater,
      });
      if (stopped.signal.aborted) opened.close();
      else session = opened;
    } catch (error) {
      retryLater(error);
    }
  }

  function retryLater(error: unknown): void {
    session = undefined;
    if (stopped.signal.aborted) return;
    reporter.failed(error);
    if (clock.monotonicMs() - openedMs > STEADY_MS) unreadable.reset();
    const { nextDelayMs } = error instanceof UnreadableEventsError ? unreadable : backoff;
    retry = clock.after(nextDelayMs(), () => void connect());
  }

  return {
    name: 'docker',
    target: address.target,
    start() {
      apply({ kind: 'source-watched', source: 'docker', target: address.target });
      void connect();
    },
    stop() {
      stopped.abort();
      retry?.cancel();
      session?.close();
      return Promise.resolve();
    },
  };
}

/** Undefined: nothing is searched for. */
function watchLogs(
  { address, config, logs }: DockerSourceOptions,
  context: SourceContext,
): LogReader | undefined {
  if (!logs || Object.keys(logs.patterns).length === 0) return undefined;
  const { clock } = context;
  const limits = { clock, timeLimitMs: config.request_timeout };
  const engine = createEngineActions({ reader: address, restarter: address, ...limits });
  return createLogReader({ engine, config: logs }, context);
}

function clockWarning(aheadMs: number, { target }: DockerSourceOptions['address']): string | undefined {
  if (Math.abs(aheadMs) <= TOLD_SKEW_MS) return undefined;
  const off = `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  return (
    `the clock of ${target} is ${off} the clock here; times of containers are corrected by that. ` +
    'Run a time service (chrony, systemd-timesyncd) on both hosts'
  );
}
