/**
 * Brings the newest picture: by the stream of events; by asking every few seconds where the stream does not come
 * through; and again by the stream as soon as it does.
 */

import { askFor } from './api.js';
import { type EventStream, openEvents } from './event-stream.js';

/** `live`: by the stream. `polling`: by asking. `lost`: the daemon does not answer. */
export type FeedState = 'connecting' | 'live' | 'polling' | 'lost';

export interface FeedOptions<T> {
  readonly onPicture: (picture: T) => void;
  /** The daemon is there and nothing has changed; its clock. */
  readonly onAlive: (at: string) => void;
  readonly onState: (state: FeedState) => void;
}

/** The stream says something every 5 s. */
const SILENCE_LIMIT_MS = 16_000;
const POLL_MS = 5000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 15_000;

export function startFeed<T>({ onPicture, onAlive, onState }: FeedOptions<T>): void {
  let source: EventStream | undefined;
  let state: FeedState = 'connecting';
  let retryMs = FIRST_RETRY_MS;
  let silenceTimer = 0;
  let retryTimer = 0;
  let pollTimer = 0;

  function become(next: FeedState): void {
    if (next === state) return;
    state = next;
    onState(next);
  }

  function watchSilence(): void {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(fail, SILENCE_LIMIT_MS);
  }

  function connect(): void {
    clearTimeout(retryTimer);
    source?.close();
    source = openEvents('/api/v1/events', take, fail);
    watchSilence();
  }

  function take(event: string, data: string): void {
    hear();
    if (event === 'fleet') onPicture(JSON.parse(data) as T);
    else onAlive(data);
  }

  function hear(): void {
    clearTimeout(pollTimer);
    retryMs = FIRST_RETRY_MS;
    become('live');
    watchSilence();
  }

  /** Refused, ended, broken or silent. */
  function fail(): void {
    clearTimeout(silenceTimer);
    source?.close();
    source = undefined;
    if (state === 'live') become('connecting');
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, retryMs);
    retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    clearTimeout(pollTimer);
    void poll();
  }

  async function poll(): Promise<void> {
    const answer = await askFor<T>('/api/v1/picture');
    if (state === 'live') return;
    if (answer.kind === 'ok') {
      become('polling');
      onPicture(answer.data);
    } else become('lost');
    clearTimeout(pollTimer);
    pollTimer = setTimeout(() => void poll(), POLL_MS);
  }

  function wake(): void {
    if (document.visibilityState !== 'visible' || state === 'live') return;
    retryMs = FIRST_RETRY_MS;
    connect();
  }

  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);
  connect();
}
