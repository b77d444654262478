/** Reads queues, alarms and version from the broker's management API. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import { counted } from '../../lib/counted.js';
import { SourceError } from '../source-error.js';
import type { HttpAddress } from './broker-address.js';
import { createClientReader } from './broker-clients.js';
import type { QueueChoice, Way } from './broker-way.js';
import { withConsumerTimeouts } from './consumer-timeouts.js';
import { createBindingReader } from './dead-letter-bindings.js';
import { httpGet } from './http-get.js';
import {
  parseAlarms,
  parseAmqpPorts,
  parseQueuesInTurns,
  parseVersion,
  QUEUE_COLUMNS,
} from './parse-management.js';

export interface ManagementWayOptions {
  readonly address: HttpAddress;
  readonly vhost: string;
  readonly choice: QueueChoice;
  readonly clock: Clock;
  readonly statsIntervalMs: number;
  /** Whether a cheaper way tells of the queues, so that they are asked for here only now and then. */
  readonly isSpared: () => boolean;
  /** Entries of an unexpected shape were left out; undefined: none. */
  readonly onBroken: (problem: SourceError | undefined) => void;
  /** Undefined: where dead letters go was read. */
  readonly onBindings: (problem: unknown) => void;
  /** Undefined: the limits of consumers were read. */
  readonly onTimeouts: (problem: unknown) => void;
  /** Undefined: who uses the broker was read. */
  readonly onClients: (problem: unknown) => void;
}

/** A list of some 40,000 queues, which is parsed in one turn of the event loop. */
const MAX_BYTES = 16 * 1024 * 1024;
/** While another way tells of the queues: for their types and limits, and to compare. */
const SPARED_EVERY_MS = 30_000;
/** The plugin collects what queues emit in a rhythm of its own, on top of theirs. */
const STATS_DELAYS = 2;
const TOO_MANY_CHANNELS =
  'more than 4000 channels are open: the workers behind the others are not seen; open one channel a worker';

export function createManagementWay(options: ManagementWayOptions): Way {
  const { address, vhost, clock, statsIntervalMs, choice } = options;
  let queuesAskedMs: number | undefined;
  let version: string | undefined;

  function get(path: string, signal: AbortSignal): Promise<string> {
    return httpGet({
      address,
      path: `/api${path}`,
      maxBytes: MAX_BYTES,
      signal,
      option: 'rabbitmq.management_url',
      plugin: 'rabbitmq_management',
    });
  }

  const bindings = createBindingReader({ get, vhost, clock });

  /** Beside the point: without it only the way of dead letters is unknown. */
  async function readBindings(queues: readonly QueueReading[], signal: AbortSignal) {
    try {
      const read = await bindings.read(queues, signal);
      if (read !== undefined) options.onBindings(undefined);
      return read;
    } catch (error) {
      options.onBindings(error);
      return undefined;
    }
  }

  /** Beside the point, too: without it the configured limit holds. */
  async function readTimeouts(queues: readonly QueueReading[], signal: AbortSignal) {
    try {
      const read = await withConsumerTimeouts(queues, { get, vhost, version, signal });
      options.onTimeouts(undefined);
      return read;
    } catch (error) {
      options.onTimeouts(error);
      return queues;
    }
  }

  const clients = createClientReader({ get, vhost, clock, figuresAgeMs: STATS_DELAYS * statsIntervalMs });

  /** Beside the point, too: without it nobody's role changes. */
  async function readClients(signal: AbortSignal) {
    try {
      const read = await clients.read(signal);
      options.onClients(read.isComplete ? undefined : new SourceError('protocol', TOO_MANY_CHANNELS));
      return read;
    } catch (error) {
      options.onClients(error);
      return undefined;
    }
  }

  function isDue(): boolean {
    if (queuesAskedMs === undefined || !options.isSpared()) return true;
    return clock.monotonicMs() - queuesAskedMs >= SPARED_EVERY_MS;
  }

  async function readQueues(signal: AbortSignal): Promise<readonly QueueReading[]> {
    const path = `/queues/${encodeURIComponent(vhost)}?columns=${QUEUE_COLUMNS}`;
    const { queues, brokenCount } = await parseQueuesInTurns(await get(path, signal));
    queuesAskedMs = clock.monotonicMs();
    options.onBroken(brokenCount === 0 ? undefined : brokenQueues(brokenCount));
    const byName = new Map(queues.map((queue) => [queue.name, queue]));
    const chosen = choice.choose(byName.keys());
    const missing = [...choice.stageQueues].filter((name) => !byName.has(name));
    return [
      ...queues.filter(({ name }) => chosen.has(name)),
      ...missing.map((name): QueueReading => ({ name, status: 'missing' })),
    ];
  }

  return {
    via: 'management',
    target: address.base,
    async read(signal) {
      const askedAtMs = clock.nowMs();
      const isAsking = isDue();
      const [alarms, queues, overview] = await Promise.all([
        get('/nodes?columns=mem_alarm,disk_free_alarm', signal).then(parseAlarms),
        isAsking ? readQueues(signal) : [],
        isAsking ? get('/overview?columns=rabbitmq_version,listeners', signal) : undefined,
      ]);
      const amqpPorts = overview === undefined ? undefined : parseAmqpPorts(overview);
      if (overview !== undefined) version = parseVersion(overview);
      const [deadLetterBindings, queuesWithTimeouts, clientsRead] = await Promise.all([
        readBindings(queues, signal),
        readTimeouts(queues, signal),
        readClients(signal),
      ]);
      return {
        via: 'management',
        atMs: askedAtMs - STATS_DELAYS * statsIntervalMs,
        isComplete: isAsking,
        queues: queuesWithTimeouts,
        ...(alarms && { alarms, alarmsAtMs: askedAtMs }),
        ...(deadLetterBindings && { deadLetterBindings }),
        ...(version !== undefined && { version }),
        ...(amqpPorts && { amqpPorts }),
        ...(clientsRead && { clients: clientsRead }),
      };
    },
    close() {
      // Nothing is kept open: each read ends its own request.
    },
  };
}

function brokenQueues(count: number): SourceError {
  const problem = `an unexpected shape in the management API: ${counted(count, 'queue')}`;
  return new SourceError('protocol', problem);
}
