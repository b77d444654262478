/** Reads a broker by every way that is configured; the source is down only when none answers. */

import type { RabbitmqConfig } from '../../config/rabbitmq-section.js';
import type { StageConfig } from '../../config/stages-section.js';
import type { BrokerWay } from '../../fleet/queue-model.js';
import type { WayReading } from '../../fleet/queue-observations.js';
import { createPolledSource, type PolledReader } from '../poller.js';
import type { Source, SourceContext } from '../source.js';
import { SourceError } from '../source-error.js';
import { createAmqpWay, type ProgressPort } from './amqp-way.js';
import { brokerAddress } from './broker-address.js';
import type { Way } from './broker-way.js';
import { createQueueChooser, type QueueChooser } from './choose-queues.js';
import { createManagementWay } from './management-way.js';
import { createMetricsWay } from './metrics-way.js';
import { createPartLog, type PartLog } from './part-log.js';
import { createServedQueues } from './served-queues.js';
import { watchWay } from './watched-way.js';

export interface RabbitmqSourceOptions {
  /** At least one of its URLs is set. */
  readonly config: RabbitmqConfig;
  readonly stages: readonly Pick<StageConfig, 'queue'>[];
}

/** The ways have time limits of their own; this one is for what those may miss. */
const SPARE_MS = 2000;

export function createRabbitmqSource(options: RabbitmqSourceOptions, context: SourceContext): Source {
  return createPolledSource(createRabbitmqReader(options, context), context);
}

export function createRabbitmqReader(
  { config, stages }: RabbitmqSourceOptions,
  context: SourceContext,
): PolledReader {
  const { clock, apply } = context;
  const { vhost, amqp } = brokerAddress(config);
  const stageQueues = new Set(stages.flatMap(({ queue }) => (queue === null ? [] : [queue])));
  const chooser = createQueueChooser(config, stageQueues);
  const parts = createPartLog('rabbitmq', context);
  const isUp = (via: BrokerWay): boolean => ways.some(({ health }) => health.via === via && health.isUp);
  const ways = createWays({ config, chooser, parts, isUp, context }).map((way) =>
    watchWay(way, { clock, limitMs: config.request_timeout }),
  );
  const noteBound = createBoundNote(config, context);
  const target = ways.map(({ health }) => health.target).join(', ');
  const served = createServedQueues(context.durable, `${vhost} ${target}`);
  let isRestored = false;

  return {
    name: 'rabbitmq',
    target,
    intervalMs: config.interval,
    timeLimitMs: config.request_timeout + SPARE_MS,
    async read(signal) {
      const results = await Promise.all(ways.map((way) => way.read(signal)));
      if (signal.aborted) throw new SourceError('interrupted', 'the read was given up');
      const readings = results.filter((result): result is WayReading => !(result instanceof SourceError));
      if (!isRestored && served.names.length > 0)
        apply({ kind: 'queues-served', vhost, names: served.names });
      isRestored = true;
      for (const { queues } of readings) served.note(queues);
      apply({
        kind: 'broker-read',
        atMs: clock.nowMs(),
        vhost,
        readings,
        ways: ways.map(({ health }) => health),
        consumerTimeoutMs: config.consumer_timeout,
        ...(amqp && { amqpUrlPort: amqp.port }),
        leftOutCount: chooser.leftOutCount,
      });
      if (readings.length === 0) {
        parts.forgetAll();
        throw wholeFailure(results.filter((result) => result instanceof SourceError));
      }
      for (const [index, result] of results.entries()) {
        const via = ways[index]?.health.via ?? '';
        const isFailed = result instanceof SourceError;
        parts.note(via, isFailed ? result : undefined);
        if (isFailed) continue;
        const { caveat } = result;
        parts.note(`${via}_caveat`, caveat && new SourceError(caveat.reason, caveat.problem));
      }
      noteBound(chooser.leftOutCount);
      return [];
    },
    close() {
      for (const way of ways) way.close();
      return Promise.resolve();
    },
  };
}

/** Warns when the bound begins to leave queues out, and again only after it did not. */
function createBoundNote({ max_queues: maxQueues }: RabbitmqConfig, { log }: SourceContext) {
  let before = 0;
  return (leftOutCount: number): void => {
    if (leftOutCount > 0 && before === 0) {
      const remedy = 'raise rabbitmq.max_queues, or narrow rabbitmq.include';
      log.warn({ leftOutCount, maxQueues, remedy }, 'not all queues are watched');
    }
    before = leftOutCount;
  };
}

function wholeFailure(failures: readonly SourceError[]): SourceError {
  const problems = [...new Set(failures.map(({ message }) => message))];
  return new SourceError(failures[0]?.reason ?? 'unreachable', problems.join('; '));
}

interface WaysOptions {
  readonly config: RabbitmqConfig;
  readonly chooser: QueueChooser;
  readonly parts: PartLog;
  readonly isUp: (via: BrokerWay) => boolean;
  readonly context: SourceContext;
}

function createWays({ config, chooser, parts, isUp, context }: WaysOptions): readonly Way[] {
  const { clock, apply } = context;
  const { amqp, metrics, management, vhost } = brokerAddress(config);
  const common = { vhost, choice: chooser, clock, statsIntervalMs: config.stats_interval };
  const ways: Way[] = [];
  if (amqp) {
    const progress = progressPort(config, parts, apply);
    ways.push(
      createAmqpWay({
        address: amqp,
        clock,
        limitMs: config.request_timeout,
        choice: chooser,
        furtherQueues: () => (isUp('metrics') || isUp('management') ? [] : chooser.others),
        ...(progress && { progress }),
      }),
    );
  }
  if (metrics) ways.push(createMetricsWay({ ...common, address: metrics }));
  if (management) {
    ways.push(
      createManagementWay({
        ...common,
        address: management,
        isSpared: () => isUp('metrics'),
        onBroken: (problem) => parts.note('management_queues', problem),
        onBindings: (problem) => parts.note('management_bindings', problem),
        onTimeouts: (problem) => parts.note('management_consumers', problem),
        onClients: (problem) => parts.note('management_clients', problem),
      }),
    );
  }
  return ways;
}

function progressPort(
  { progress_exchange: exchange }: RabbitmqConfig,
  parts: PartLog,
  apply: SourceContext['apply'],
): ProgressPort | undefined {
  if (exchange === null) return undefined;
  return {
    exchange,
    onProgressMessage: (text, atMs) => apply({ kind: 'progress-message', text, atMs }),
    onState: (problem) => parts.note('progress_exchange', problem),
    onOversized: (problem) => parts.note('progress_message', problem),
  };
}
