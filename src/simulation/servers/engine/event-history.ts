/** The engine's record of events: the newest are kept, each stream gets those that fit its filters, in order. */

import type { SimContainer } from '../../world.js';
import { toNanos } from '../wall-time.js';
import { labelsOf } from './container-json.js';
import { type Filters, fits } from './filters.js';

export interface EventHistory {
  add(event: NewEvent): void;
  /** Those since a time, up to another; nanoseconds. */
  between(since: bigint, until: bigint | undefined, filters: Filters): readonly string[];
  /** Calls with each line from now on that fits; gives a function that ends it. */
  follow(filters: Filters, onLine: (line: string) => void): () => void;
}

export interface NewEvent {
  readonly container: SimContainer;
  readonly action: string;
  readonly wallMs: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

interface KeptEvent {
  readonly nanos: bigint;
  readonly line: string;
  readonly facts: EventFacts;
}

interface EventFacts {
  readonly action: string;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** As many as the engine itself keeps: https://github.com/moby/moby/blob/master/daemon/events/events.go */
const MAX_KEPT = 256;

export function createEventHistory(): EventHistory {
  const kept: KeptEvent[] = [];
  const followers = new Set<{ readonly filters: Filters; readonly onLine: (line: string) => void }>();
  let lastNanos = 0n;

  /** Never twice the same, and never back. */
  function nextNanos(wallMs: number): bigint {
    const nanos = toNanos(wallMs);
    lastNanos = nanos > lastNanos ? nanos : lastNanos + 1n;
    return lastNanos;
  }

  return {
    add({ container, action, wallMs, attributes = {} }) {
      const nanos = nextNanos(wallMs);
      const { image, labels } = labelsOf(container);
      const facts = { action, id: container.id, name: container.name, image, labels };
      const event = { nanos, facts, line: renderEvent(facts, attributes, nanos) };
      kept.push(event);
      if (kept.length > MAX_KEPT) kept.shift();
      for (const { filters, onLine } of followers) if (isWanted(facts, filters)) onLine(event.line);
    },
    between: (since, until, filters) =>
      kept
        .filter(({ nanos }) => nanos >= since && (until === undefined || nanos <= until))
        .filter(({ facts }) => isWanted(facts, filters))
        .map(({ line }) => line),
    follow(filters, onLine) {
      const follower = { filters, onLine };
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
}

function isWanted({ action, id, name, image, labels }: EventFacts, filters: Filters): boolean {
  return (
    fits(filters, 'type', (type) => type === 'container') &&
    fits(filters, 'event', (event) => event === action || action.startsWith(`${event}:`)) &&
    fits(filters, 'container', (wanted) => wanted === name || id.startsWith(wanted)) &&
    fits(filters, 'image', (wanted) => wanted === image) &&
    fits(filters, 'label', (wanted) => hasLabel(labels, wanted))
  );
}

export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [key = '', ...value] = wanted.split('=');
  return key in labels && (value.length === 0 || labels[key] === value.join('='));
}

/** The number of nanoseconds is too large for a JSON number of JavaScript, so it is written as it stands. */
function renderEvent(
  { action, id, name, image, labels }: EventFacts,
  attributes: Readonly<Record<string, string>>,
  nanos: bigint,
): string {
  const body = JSON.stringify({
    status: action,
    id,
    from: image,
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: { ...labels, ...attributes, image, name } },
    scope: 'local',
    time: Number(nanos / 1_000_000_000n),
  });
  return `${body.slice(0, -1)},"timeNano":${nanos}}\n`;
}
