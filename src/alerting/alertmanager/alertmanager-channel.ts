/** Tells each instance of the Alertmanager of all alerts, again and again; each by itself, as its cluster wants it. */

import { type Backoff, createBackoff } from '../../lib/backoff.js';
import type { Clock, Timer } from '../../lib/clock.js';
import { describeError } from '../../lib/describe-error.js';
import { scrubCredentials } from '../../lib/scrub.js';
import type { AlertSettings } from '../alert-settings.js';
import { type ChannelHealth, createChannelHealth } from '../channel-health.js';
import type { AlertStates } from './alert-states.js';
import { postAlerts } from './post-alerts.js';

export interface AlertmanagerChannel {
  /** By name: `alertmanager http://am-1:9093`. */
  readonly health: ReadonlyMap<string, ChannelHealth>;
  /** What has opened or ended is told at once, all else at the next turn. */
  tell(states: AlertStates): void;
  setSettings(settings: AlertSettings): void;
  stop(): void;
}

interface Instance {
  readonly health: ChannelHealth;
  poke(): void;
  stop(): void;
}

interface InstanceOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly settings: () => AlertSettings;
  readonly states: () => AlertStates;
}

export function createAlertmanagerChannel(first: AlertSettings, clock: Clock): AlertmanagerChannel {
  let settings = first;
  let states: AlertStates = {};
  const instances = new Map<string, Instance>();

  function follow(): void {
    const wanted = new Map(settings.alerts.alertmanager.urls.map((url) => [nameOf(url), url]));
    for (const [name, instance] of instances) {
      if (wanted.has(name)) continue;
      instance.stop();
      instances.delete(name);
    }
    for (const [name, url] of wanted) {
      if (instances.has(name)) continue;
      instances.set(name, createInstance({ url, clock, settings: () => settings, states: () => states }));
    }
  }

  follow();
  return {
    get health() {
      return new Map([...instances].map(([name, { health }]) => [name, health]));
    },
    tell(next) {
      const isNews = signature(next) !== signature(states);
      states = next;
      if (isNews) for (const instance of instances.values()) instance.poke();
    },
    setSettings(next) {
      settings = next;
      follow();
    },
    stop() {
      for (const instance of instances.values()) instance.stop();
    },
  };
}

/** Names no secret; two instances on one host differ in port or path. */
function nameOf(url: string): string {
  return `alertmanager ${scrubCredentials(url)}`;
}

/** Which there are, and which of them have ended. */
function signature(states: AlertStates): string {
  return Object.entries(states)
    .map(([key, { endedAtMs = '' }]) => `${key}${endedAtMs}`)
    .join();
}

/** As long as an instance fails it is asked sooner than its turn, but not at once. */
function createInstance({ url, clock, settings, states }: InstanceOptions): Instance {
  const health = createChannelHealth('alertmanager', clock);
  const ended = new AbortController();
  let backoff: Backoff | undefined;
  let timer: Timer | undefined;
  let isUnderWay = false;
  let isPoked = false;

  function schedule(delayMs: number): void {
    timer?.cancel();
    if (!ended.signal.aborted) timer = clock.after(delayMs, () => void turn());
  }

  /** Never rejects. */
  async function turn(): Promise<void> {
    isUnderWay = true;
    isPoked = false;
    const { alertmanager, external_url } = settings().alerts;
    const alerts = Object.values(states());
    let nextMs: number = alertmanager.resend;
    try {
      // An empty list is told too, when the last try failed: that it takes it shows that it is there.
      if (alerts.length > 0 || health.failure) {
        const { time_limit: timeLimitMs } = alertmanager;
        await postAlerts({
          url,
          alerts,
          externalUrl: external_url,
          clock,
          timeLimitMs,
          signal: ended.signal,
        });
        health.sent();
      }
      backoff = undefined;
    } catch (error) {
      if (!ended.signal.aborted) health.failed(describeError(error));
      backoff ??= createBackoff({ baseMs: 2000, maxMs: alertmanager.resend });
      nextMs = backoff.nextDelayMs();
    }
    isUnderWay = false;
    schedule(isPoked && !backoff ? 0 : nextMs);
  }

  return {
    health,
    poke() {
      isPoked = true;
      if (!isUnderWay && !backoff) schedule(0);
    },
    stop() {
      ended.abort();
      timer?.cancel();
    },
  };
}
