/** Reads a broker by every way that is configured; the source is down only when none answers. */

import type { RabbitmqConfig } from '../../config/rabbitmq-section.js';
import type { StageConfig } from '../../config/stages-section.js';
import type { BrokerWay, WayHealth } from '../../fleet/queue-model.js';
import type { WayReading } from '../../fleet/queue-observations.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError } from '../../lib/describe-error.js';
import { createPolledSource, type PolledReader } from '../poller.js';
import type { Source, SourceContext } from '../source.js';
import { failureReason, SourceError } from '../source-error.js';
import { createAmqpWay, type ProgressPort } from './amqp-way.js';
import { brokerAddress } from './broker-address.js';
import type { Way } from './broker-way.js';
import { createQueueChooser, type QueueChooser } from './choose-queues.js';
import { createManagementWay } from './management-way.js';
import { createMetricsWay } from './metrics-way.js';
import { createPartLog, type PartLog } from './part-log.js';

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

interface WayState {
  readonly way: Way;
  health: WayHealth;
}

export function createRabbitmqReader(
  { config, stages }: RabbitmqSourceOptions,
  context: SourceContext,
): PolledReader {
  const { clock, apply, log } = context;
  const { vhost } = brokerAddress(config);
  const stageQueues = new Set(stages.flatMap(({ queue }) => (queue === null ? [] : [queue])));
  const chooser = createQueueChooser(config, stageQueues);
  const parts = createPartLog('rabbitmq', context);
  const isUp = (via: BrokerWay): boolean => states.some(({ health }) => health.via === via && health.isUp);
  const ways = createWays({ config, chooser, parts, isUp, context });
  const states: WayState[] = ways.map((way) => ({
    way,
    health: { via: way.via, target: way.target, isUp: false },
  }));
  let leftOutLogged = 0;

  async function readWay(state: WayState, signal: AbortSignal): Promise<WayReading | SourceError> {
    const { via, target } = state.way;
    const abort = new AbortController();
    try {
      const reading = await withDeadline(state.way.read(AbortSignal.any([signal, abort.signal])), {
        clock,
        limitMs: config.request_timeout,
        what: `reading ${target}`,
        onExpired: () => abort.abort(),
      });
      state.health = { via, target, isUp: true, lastSuccessAtMs: clock.nowMs() };
      return reading;
    } catch (error) {
      const reason = failureReason(error);
      const problem = describeError(error);
      const { lastSuccessAtMs } = state.health;
      state.health = {
        via,
        target,
        isUp: false,
        reason,
        problem,
        ...(lastSuccessAtMs !== undefined && { lastSuccessAtMs }),
      };
      return new SourceError(reason, problem, { cause: error });
    }
  }

  function noteBound(): void {
    const { leftOutCount } = chooser;
    if (leftOutCount > 0 && leftOutLogged === 0) {
      const remedy = 'raise rabbitmq.max_queues, or narrow rabbitmq.include';
      log.warn({ leftOutCount, maxQueues: config.max_queues, remedy }, 'not all queues are watched');
    }
    leftOutLogged = leftOutCount;
  }

  return {
    name: 'rabbitmq',
    target: ways.map(({ target }) => target).join(', '),
    intervalMs: config.interval,
    timeLimitMs: config.request_timeout + SPARE_MS,
    async read(signal) {
      const results = await Promise.all(states.map((state) => readWay(state, signal)));
      if (signal.aborted) throw new SourceError('interrupted', 'the read was given up');
      const readings = results.filter((result): result is WayReading => !(result instanceof SourceError));
      const failures = results.filter((result) => result instanceof SourceError);
      if (readings.length === 0) {
        parts.forgetAll();
      } else {
        for (const [index, result] of results.entries()) {
          parts.note(ways[index]?.via ?? '', result instanceof SourceError ? result : undefined);
        }
        noteBound();
      }
      apply({
        kind: 'broker-read',
        atMs: clock.nowMs(),
        vhost,
        readings,
        ways: states.map(({ health }) => health),
        consumerTimeoutMs: config.consumer_timeout,
        leftOutCount: chooser.leftOutCount,
      });
      if (readings.length === 0) throw wholeFailure(failures);
      return [];
    },
    close() {
      for (const way of ways) way.close();
      return Promise.resolve();
    },
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
    const progress: ProgressPort | undefined =
      config.progress_exchange === null
        ? undefined
        : {
            exchange: config.progress_exchange,
            onProgressMessage: (text, atMs) => apply({ kind: 'progress-message', text, atMs }),
            onState: (problem) => parts.note('progress_exchange', problem),
            onOversized: (problem) => parts.note('progress_message', problem),
          };
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
  if (metrics) ways.push(createMetricsWay({ ...common, address: metrics, isAlone: !amqp && !management }));
  if (management) {
    ways.push(
      createManagementWay({
        ...common,
        address: management,
        isSpared: () => isUp('metrics'),
        onBroken: (problem) => parts.note('management_queues', problem),
      }),
    );
  }
  return ways;
}
