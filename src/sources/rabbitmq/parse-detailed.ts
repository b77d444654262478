/** Takes the figures of queues out of the broker's /metrics/detailed page. */

import { boundText } from '../../lib/bound-text.js';
import { atOnce, inTurns, type SlicedWork } from '../../lib/in-turns.js';
import { SourceError } from '../source-error.js';
import { MAX_QUEUE_NAME } from './queue-name.js';

export interface DetailedQueue {
  ready?: number;
  unacked?: number;
  consumers?: number;
  published?: number;
  acked?: number;
  redelivered?: number;
  deliveredForAck?: number;
  deliveredAcked?: number;
}

/** What one channel did with one queue: the only counts of older brokers, gone when the channel closes. */
export interface ChannelCount {
  readonly channel: string;
  readonly queue: string;
  readonly fact: 'published' | 'acked' | 'redelivered' | 'deliveredForAck' | 'deliveredAcked';
  readonly value: number;
}

export interface DetailedPage {
  readonly queues: ReadonlyMap<string, Readonly<DetailedQueue>>;
  readonly channelCounts: readonly ChannelCount[];
  readonly version?: string;
  /** Which node of the cluster tells: of its own queues only. */
  readonly node?: string;
  /** Whether the broker counts deliveries by queue (3.12 and later do). */
  readonly hasQueueCounters: boolean;
}

interface Meaning {
  readonly fact: keyof DetailedQueue;
  /** Series of a channel each, to be added up. */
  readonly isByChannel?: true;
  /** Several series a queue, to be added up. */
  readonly isSum?: true;
}

const PREFIX = 'rabbitmq_detailed_';

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['queue_messages_ready', { fact: 'ready' }],
  ['queue_messages_unacked', { fact: 'unacked' }],
  ['queue_consumers', { fact: 'consumers' }],
  ['queue_messages_acked_total', { fact: 'acked' }],
  ['queue_messages_redelivered_total', { fact: 'redelivered' }],
  ['queue_messages_delivered_ack_total', { fact: 'deliveredForAck' }],
  ['queue_messages_delivered_total', { fact: 'deliveredAcked' }],
  ['queue_exchange_messages_published_total', { fact: 'published', isSum: true }],
  ['queue_messages_published_total', { fact: 'published', isByChannel: true }],
  ['channel_messages_acked_total', { fact: 'acked', isByChannel: true }],
  ['channel_messages_redelivered_total', { fact: 'redelivered', isByChannel: true }],
  ['channel_messages_delivered_ack_total', { fact: 'deliveredForAck', isByChannel: true }],
  ['channel_messages_delivered_total', { fact: 'deliveredAcked', isByChannel: true }],
]);

const VERSION = /^rabbitmq_build_info\{[^\n]*?rabbitmq_version="([^"\n]{1,60})"/m;
const NODE = /^rabbitmq_identity_info\{[^\n]*?rabbitmq_node="([^"\n]{1,200})"/m;
const QUEUE_COUNTERS = /^# TYPE rabbitmq_detailed_queue_messages_acked_total /m;

/** Some 5 ms. */
const SLICE_LINES = 5000;

/** A line that cannot be read costs itself only; a page that is not the broker's throws SourceError. */
export function parseDetailed(text: string, vhost: string): DetailedPage {
  return atOnce(scanDetailed(text, vhost));
}

/** The same, in slices between which others get their turn. */
export function parseDetailedInTurns(text: string, vhost: string): Promise<DetailedPage> {
  return inTurns(scanDetailed(text, vhost));
}

function* scanDetailed(text: string, vhost: string): SlicedWork<DetailedPage> {
  const version = VERSION.exec(text)?.[1];
  if (version === undefined && !text.includes(`\n# TYPE ${PREFIX}`) && !text.startsWith(`# TYPE ${PREFIX}`)) {
    throw new SourceError(
      'protocol',
      'the answer is not a RabbitMQ metrics page; check rabbitmq.metrics_url',
    );
  }
  const node = NODE.exec(text)?.[1];
  const queues = new Map<string, DetailedQueue>();
  const channelCounts: ChannelCount[] = [];
  const want = { vhost, queueStart: `vhost="${vhost}",queue="`, queues, channelCounts };
  let from = 0;
  for (let line = 1; from < text.length; line++) {
    if (line % SLICE_LINES === 0) yield;
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith(PREFIX, from)) takeLine(text, from + PREFIX.length, end, want);
    from = end + 1;
  }
  return {
    queues,
    channelCounts,
    ...(version !== undefined && { version }),
    ...(node !== undefined && { node }),
    hasQueueCounters: QUEUE_COUNTERS.test(text),
  };
}

interface Wanted {
  readonly vhost: string;
  /** How the labels of nearly every line begin. */
  readonly queueStart: string;
  readonly queues: Map<string, DetailedQueue>;
  readonly channelCounts: ChannelCount[];
}

function takeLine(text: string, from: number, end: number, want: Wanted): void {
  const { queues, channelCounts } = want;
  const open = text.indexOf('{', from);
  if (open < 0 || open >= end) return;
  const meaning = MEANINGS.get(text.slice(from, open));
  if (meaning === undefined) return;
  const close = text.lastIndexOf('} ', end);
  if (close <= open) return;
  const value = toValue(text.slice(close + 2, end));
  if (value === undefined) return;
  const labels = text.slice(open + 1, close);
  const queue = queueName(labels, want);
  if (queue === undefined) return;
  const { fact } = meaning;
  if (meaning.isByChannel) {
    const channel = `${labelValue(labels, 'channel')} ${labelValue(labels, 'exchange') ?? ''}`;
    channelCounts.push({ channel, queue, fact, value } as ChannelCount);
    return;
  }
  const figures = queues.get(queue) ?? {};
  figures[fact] = meaning.isSum ? (figures[fact] ?? 0) + value : value;
  queues.set(queue, figures);
}

function queueName(labels: string, want: Wanted): string | undefined {
  const name = givenName(labels, want);
  return name === undefined ? undefined : boundText(name, MAX_QUEUE_NAME);
}

function givenName(labels: string, { vhost, queueStart }: Wanted): string | undefined {
  if (labels.startsWith(queueStart) && !labels.includes('",', queueStart.length))
    return unescapeLabel(labels.slice(queueStart.length, -1));
  const found = labelValue(labels, 'queue_vhost') ?? labelValue(labels, 'vhost');
  return found === vhost ? labelValue(labels, 'queue') : undefined;
}

function toValue(text: string): number | undefined {
  // A timestamp may follow, which the broker does not write.
  const space = text.indexOf(' ');
  const number = space < 0 ? text : text.slice(0, space);
  const value = number === '' ? Number.NaN : Number(number);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

const BOUNDARY = /",[a-z_]+="/g;

/**
 * Brokers before 3.13 write label values without escapes, so a value may hold quotes of its own: it ends at the quote
 * before the next label, or at the end of all labels.
 */
function labelValue(labels: string, name: string): string | undefined {
  const start = labels.startsWith(`${name}="`) ? 0 : labels.indexOf(`",${name}="`) + 2;
  if (start === 1) return undefined;
  const from = start + name.length + 2;
  BOUNDARY.lastIndex = from;
  const next = BOUNDARY.exec(labels);
  return unescapeLabel(labels.slice(from, next ? next.index : labels.length - 1));
}

const ESCAPED = /^(?:[^"\\]|\\["\\n])*$/;

function unescapeLabel(raw: string): string {
  if (!raw.includes('\\') || !ESCAPED.test(raw)) return raw;
  return raw.replaceAll(/\\(["\\n])/g, (_all, character: string) => (character === 'n' ? '\n' : character));
}
