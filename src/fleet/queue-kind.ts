/** Decides what a queue is for: only a work queue is expected to be emptied by consumers. */

import { formatDuration } from '../lib/duration.js';
import type { Queue, QueueKind, QueueType } from './queue-model.js';

/** How a queue was declared, by arguments and policy together, as far as is known: it stays so while the queue lives. */
export interface QueueTraits {
  readonly type?: QueueType;
  readonly isExclusive?: boolean;
  readonly isAutoDelete?: boolean;
  readonly messageTtlMs?: number;
  readonly expiresMs?: number;
  /** Empty: the default exchange. */
  readonly deadLetterExchange?: string;
  readonly deadLetterRoutingKey?: string;
}

export interface QueueFacts {
  readonly name: string;
  /** The stage whose queue it is. */
  readonly stage?: string | undefined;
  readonly traits: QueueTraits;
  /** It was seen with a consumer. */
  readonly wasServed: boolean;
  /** Queues whose dead letters come here. */
  readonly deadLettersFrom: readonly string[];
}

export interface QueueNature {
  readonly kind: QueueKind;
  /** Why, as a phrase. */
  readonly reason: string;
}

export interface PlacedNature extends QueueNature {
  /** Empty where nothing says, and for all but queues of dead letters. */
  readonly deadLettersFrom: readonly string[];
}

type ByDesign = Exclude<QueueKind, 'work'>;

/** As frameworks and custom name them; what a pattern stands for is said beside it. */
const NAMES: readonly (readonly [pattern: RegExp, kind: ByDesign])[] = [
  // Dramatiq: messages that failed for good, and those that wait for their time.
  [/\.XQ$/, 'dead_letter'],
  [/\.DQ$/, 'delay'],
  // Celery's native delayed delivery, NServiceBus's timeouts.
  [/^celery_delayed_\d+$/, 'delay'],
  [/^nsb\.(v\d+\.)?delay-level-\d+$/, 'delay'],
  // Celery: events to monitors, remote control and its replies.
  [/^celeryev\./, 'event'],
  [/\.reply\.[^.]+\.pidbox$/, 'reply'],
  [/\.pidbox$/, 'event'],
  [/^(mqtt|stomp)-subscription-/, 'event'],
  // Names that the broker gives, and result queues of Celery's RPC backend.
  [/^amq\.gen-/, 'reply'],
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, 'reply'],
  [/(^|[._-])(reply|replies|reply[._-]?to)$/i, 'reply'],
  // MassTransit, Sneakers and custom.
  [
    /(^|[._-])(dlq|dlx|dead[._-]?letter(s|ed)?|dead[._-]?queue|parking[._-]?lot|poison)([._-]queue)?$/i,
    'dead_letter',
  ],
  [/^(dlq|dead[._-]?letters?)[._-]/i, 'dead_letter'],
  [/[._-](error|errors|skipped)$/i, 'dead_letter'],
];
/** Nobody serves a queue in which messages wait for their time; one with workers of its own is a work queue of that name. */
const WAITING_NAME = /(^|[._-])(delay(ed)?|retry|retries)([._-]?\d+(ms|s|m|h|d)?)?$/i;

export function classifyQueue(facts: QueueFacts): QueueNature {
  const { name, stage, traits, wasServed, deadLettersFrom } = facts;
  if (traits.type === 'stream') return { kind: 'stream', reason: 'a stream keeps what was read' };
  if (stage !== undefined) return { kind: 'work', reason: `queue of stage ${stage}` };
  const named = NAMES.find(([pattern]) => pattern.test(name));
  const kind = named?.[1] ?? (!wasServed && WAITING_NAME.test(name) ? 'delay' : undefined);
  if (kind) return { kind, reason: `named as a ${sayKind(kind)} queue` };
  const declared = byTraits(facts);
  if (declared) return declared;
  if (deadLettersFrom.length > 0)
    return { kind: 'dead_letter', reason: `takes the dead letters of ${sayNames(deadLettersFrom)}` };
  return { kind: 'work', reason: 'nothing says that it is for anything else' };
}

/** A queue that consumers serve and that loses or passes on what is too old is a work queue all the same. */
function byTraits({ traits, wasServed }: QueueFacts): QueueNature | undefined {
  const { isExclusive, isAutoDelete, expiresMs, messageTtlMs, deadLetterExchange } = traits;
  if (isExclusive) return { kind: 'temporary', reason: 'exclusive to one client' };
  if (isAutoDelete) return { kind: 'temporary', reason: 'deleted with its last consumer' };
  if (wasServed) return undefined;
  if (expiresMs !== undefined)
    return { kind: 'temporary', reason: `deleted when unused for ${formatDuration(expiresMs)}` };
  if (messageTtlMs !== undefined && deadLetterExchange !== undefined) {
    const where = deadLetterExchange === '' ? 'the default exchange' : `exchange ${deadLetterExchange}`;
    return { kind: 'delay', reason: `messages wait ${formatDuration(messageTtlMs)} and go on to ${where}` };
  }
  return undefined;
}

/** A message waits for its time, and goes back to work after it: it may be any that is missing elsewhere. */
export function isAnyDelayed(queues: Iterable<Pick<Queue, 'kind' | 'ready'>>): boolean {
  for (const { kind, ready } of queues) if (kind === 'delay' && ready && ready.value > 0) return true;
  return false;
}

function sayKind(kind: QueueKind): string {
  return kind.replace('_', '-');
}

const MAX_NAMES = 3;

function sayNames(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
