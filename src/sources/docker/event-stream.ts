/** Follows the engine's events: split into lines, repeats dropped, silence checked, an end told once. */

import type { Clock, Timer } from '../../lib/clock.js';
import { counted } from '../../lib/counted.js';
import { createLineSplitter } from '../../lib/line-splitter.js';
import { linkAbort } from '../../lib/linked-abort.js';
import { SourceError } from '../source-error.js';
import type { DockerClient } from './docker-client.js';
import type { EngineClock } from './engine-clock.js';
import type { EngineCall } from './engine-transport.js';
import type { EventMemory } from './event-memory.js';
import { readPaced } from './paced-reading.js';
import { type EngineEvent, EVENT_ACTIONS, parseEvent } from './parse-event.js';

export interface EventStreamOptions {
  readonly client: DockerClient;
  readonly clock: Clock;
  readonly engineClock: Pick<EngineClock, 'measuredAheadMs'>;
  readonly memory: EventMemory;
  readonly onEvent: (event: EngineEvent) => void;
  /** A line that could not be read: something may have been missed. */
  readonly onBadLine: (error: Error) => void;
  /** Called once: the stream has ended, failed, or gone deaf. */
  readonly onEnd: (error: Error) => void;
}

export interface EventStream {
  close(): void;
}

const MAX_LINE_BYTES = 1024 * 1024;
/** How often the engine is asked what it has sent, because a dead stream looks just like a quiet engine. */
const WATCHDOG_MS = 15_000;
/** The engine's newest events may still be on their way. */
const WATCHDOG_SLACK_MS = 3000;
/** The engine keeps its last 256 events, of 4 kB where containers have many labels. */
const MAX_REPLAY_BYTES = 2 * 1024 * 1024;
/** So many lines in a row that are no events, and what comes is no stream of events. */
const MAX_BAD_LINES = 100;
/** The same of what has no lines at all. */
const MAX_BAD_BYTES = 32 * 1024 * 1024;

/** What came was no stream of events: asking again at once would bring the same. */
export class UnreadableEventsError extends SourceError {
  constructor() {
    super('protocol', 'nothing in the event stream can be read: what comes are no events');
  }
}

const filters = { type: ['container'], event: EVENT_ACTIONS };

/** Rejects when the stream cannot be opened; after that `onEnd` tells its end. */
export async function openEventStream(options: EventStreamOptions): Promise<EventStream> {
  const { client, clock, engineClock, memory, onEvent, onBadLine, onEnd } = options;
  const closed = new AbortController();
  let watchdog: Timer | undefined;
  let badLines = 0;
  /** Since the last event that could be read. */
  let badBytes = 0;

  function end(error: Error): void {
    if (closed.signal.aborted) return;
    close();
    onEnd(error);
  }

  function close(): void {
    watchdog?.cancel();
    closed.abort();
  }

  function takeBadLine(error: Error): void {
    onBadLine(error);
    if (++badLines >= MAX_BAD_LINES) end(new UnreadableEventsError());
  }

  function takeLine(line: string): void {
    // The rest of a piece whose beginning ended the stream.
    if (closed.signal.aborted) return;
    let event: EngineEvent;
    try {
      event = parseEvent(line);
    } catch (error) {
      takeBadLine(error as Error);
      return;
    }
    badLines = 0;
    badBytes = 0;
    if (memory.isNew(event)) onEvent(event);
  }

  /** Asks for the engine's own record of the last seconds; what is in it must have come through the stream. */
  async function checkNotDeaf(): Promise<void> {
    const untilMs = clock.nowMs() + engineClock.measuredAheadMs - WATCHDOG_SLACK_MS;
    const fromMs = untilMs - WATCHDOG_MS - WATCHDOG_SLACK_MS;
    const query = { since: seconds(fromMs), until: seconds(untilMs), filters };
    const lines = await readLines(client, query, closed.signal, clock);
    const missed = lines.filter((line) => isMissed(line));
    if (missed.length === 0 || closed.signal.aborted) return;
    for (const line of missed) takeLine(line);
    end(
      new SourceError(
        'interrupted',
        `the event stream went silent and missed ${counted(missed.length, 'event')}`,
      ),
    );
  }

  function isMissed(line: string): boolean {
    try {
      const event = parseEvent(line);
      return event.atMs >= memory.followedFromMs && !memory.has(event);
    } catch {
      // What cannot be read here was reported when the stream brought it.
      return false;
    }
  }

  function armWatchdog(): void {
    watchdog = clock.after(WATCHDOG_MS, () => {
      checkNotDeaf().then(
        () => {
          if (!closed.signal.aborted) armWatchdog();
        },
        (error: unknown) => end(error instanceof Error ? error : new Error(String(error))),
      );
    });
  }

  const { since } = memory;
  const query = { ...(since !== undefined && { since }), filters };
  const response = await client.openStream({ path: '/events', query }, closed.signal);
  memory.opened(clock.nowMs() + engineClock.measuredAheadMs);
  const splitter = createLineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: takeLine,
    onOversized: () => takeBadLine(new SourceError('protocol', `an event is over ${MAX_LINE_BYTES} bytes`)),
  });
  readPaced(response, clock, (piece) => {
    badBytes += piece.length;
    splitter.push(piece);
    if (badBytes > MAX_BAD_BYTES) end(new UnreadableEventsError());
  });
  response.on('error', end);
  response.on('close', () => end(new SourceError('interrupted', 'the event stream was closed')));
  armWatchdog();
  return { close };
}

function seconds(atMs: number): string {
  return (atMs / 1000).toFixed(3);
}

/** The lines of a stream that ends by itself; it is cut off after a time and in size. */
async function readLines(
  client: DockerClient,
  query: EngineCall['query'] & object,
  signal: AbortSignal,
  clock: Clock,
): Promise<readonly string[]> {
  const ending = linkAbort(signal);
  const timer = clock.after(WATCHDOG_MS, () =>
    ending.abort(new SourceError('timeout', 'asking for past events')),
  );
  try {
    const response = await client.openStream({ path: '/events', query }, ending.signal);
    const lines: string[] = [];
    const splitter = createLineSplitter({
      maxLineBytes: MAX_LINE_BYTES,
      onLine: (line) => lines.push(line),
      onOversized: () => undefined,
    });
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_REPLAY_BYTES) break;
      splitter.push(chunk);
    }
    return lines;
  } finally {
    timer.cancel();
    ending.release();
  }
}
