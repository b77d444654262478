/** Queues and their broker as JSON for /api/v1/fleet: each figure with its origin and time. */

import type { Broker, Figure, Queue, WayHealth } from '../fleet/queue-model.js';
import type { QueueTrend } from './history/queue-trend.js';
import { toIso } from './iso-time.js';

export function renderQueue(queue: Queue, trend: QueueTrend | null) {
  return {
    queue: queue.name,
    vhost: queue.vhost,
    stage: queue.stage ?? null,
    status: queue.status,
    type: queue.type ?? null,
    kind: queue.kind,
    kindReason: queue.kindReason,
    deadLettersFrom: queue.deadLettersFrom,
    ready: renderFigure(queue.ready),
    unacked: renderFigure(queue.unacked),
    consumers: renderFigure(queue.consumers),
    published: renderFigure(queue.published),
    acked: renderFigure(queue.acked),
    redelivered: renderFigure(queue.redelivered),
    ackedRoseAt: toIso(queue.ackedRoseAtMs),
    consumerTimeoutMs: queue.consumerTimeoutMs ?? null,
    trend,
    dataAt: toIso(queue.dataAtMs),
    disagreements: queue.disagreements.map(({ fact, figures }) => ({
      fact,
      figures: figures.map(renderFigure),
    })),
  };
}

export function renderBroker(broker: Broker) {
  return {
    vhost: broker.vhost,
    version: broker.version ?? null,
    alarms: broker.alarms ?? null,
    alarmsAt: toIso(broker.alarmsAtMs),
    consumerTimeoutMs: broker.consumerTimeoutMs,
    queuesLeftOut: broker.leftOutCount,
    ways: broker.ways.map(renderWay),
  };
}

function renderFigure(figure: Figure | undefined) {
  return figure === undefined ? null : { value: figure.value, via: figure.via, at: toIso(figure.atMs) };
}

function renderWay({ via, target, isUp, reason, problem, lastSuccessAtMs }: WayHealth) {
  return {
    via,
    target,
    up: isUp,
    reason: reason ?? null,
    problem: problem ?? null,
    lastSuccessAt: toIso(lastSuccessAtMs),
  };
}
