/** The broker in a line: what its work queues hold, and apart from it what waits by design in queues of other kinds. */

import type { FleetJson, QueueJson } from './api-shapes.js';
import { formatCount, formatNumbered } from './format.js';

export interface BrokerView {
  readonly version: string | null;
  /** Of work queues: messages waiting and in hand; null where answers lack them. */
  readonly messages: number | null;
  readonly consumers: number | null;
  /** What queues hold that need no consumer, by kind: `3 dead letters`. */
  readonly apart: readonly string[];
  /** memory, disk: publishers are stopped. */
  readonly alarms: readonly string[];
}

/** In the order in which an operator asks for them. */
const TITLES: Readonly<Record<string, string>> = {
  dead_letter: 'dead letters',
  delay: 'delayed',
  reply: 'replies',
  event: 'events',
  temporary: 'in temporary queues',
  stream: 'retained in streams',
};

/** Null until a broker has answered. */
export function describeBroker({ broker, queues }: FleetJson): BrokerView | null {
  if (!broker) return null;
  const ofKind = (wanted: string): readonly QueueJson[] =>
    (queues ?? []).filter(({ kind }) => (kind ?? 'work') === wanted);
  const work = ofKind('work').filter(({ status }) => (status ?? 'present') === 'present');
  return {
    version: broker.version ?? null,
    messages: work.some(({ ready }) => !ready) ? null : countMessages(work),
    consumers: work.some(({ consumers }) => !consumers)
      ? null
      : work.reduce((sum, { consumers }) => sum + (consumers?.value ?? 0), 0),
    apart: Object.entries(TITLES).flatMap(([kind, title]) => {
      const messages = countMessages(ofKind(kind));
      return messages > 0 ? `${formatCount(messages)} ${title}` : [];
    }),
    alarms: Object.entries(broker.alarms ?? {}).flatMap(([alarm, isOn]) => (isOn ? alarm : [])),
  };
}

/** `1 234 messages, 45 consumers; apart: 3 dead letters, 12 delayed`. */
export function brokerWords({ messages, consumers, apart }: BrokerView): string {
  const say = (count: number | null, noun: string): string =>
    count === null ? `${noun}s not known` : formatNumbered(count, noun);
  const work = `${say(messages, 'message')}, ${say(consumers, 'consumer')}`;
  return apart.length > 0 ? `${work}; apart: ${apart.join(', ')}` : work;
}

function countMessages(queues: readonly QueueJson[]): number {
  return queues.reduce((sum, { ready, unacked }) => sum + (ready?.value ?? 0) + (unacked?.value ?? 0), 0);
}
