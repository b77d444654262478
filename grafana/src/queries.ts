/** Queries that more than one dashboard asks, so that the same question has the same answer everywhere. */

import { increase, of } from './promql.js';

/** Queues are one for all daemons that watch the same broker: the greatest of what they say, then the sum. */
const QUEUE = 'stage, queue, vhost';

export function waiting(matchers = 'stage!=""'): string {
  return `max by (${QUEUE}) (${of('pipeline_queue_messages_ready', matchers)})`;
}

/** Messages that a queue gains, or loses, a minute, by the straight line through ten minutes; none once it is gone. */
export function trendPerMinute(matchers = 'stage!=""'): string {
  const depth = of('pipeline_queue_messages_ready', matchers);
  return `max by (${QUEUE}) (deriv(${depth}[10m]) and ${depth}) * 60`;
}

/** Seconds until a shrinking queue is empty, 0 for one that is; nothing for one that grows or stands still. */
export function drainSeconds(matchers = 'stage!=""'): string {
  const depth = `sum by (stage) (${waiting(matchers)})`;
  return `(${depth} == 0)\nor floor(${depth}\n/ (-sum by (stage) (${trendPerMinute(matchers)}) / 60 > 0.001))`;
}

export function workersWith(statuses: string, matchers = ''): string {
  const status = `status=~"${statuses}"`;
  return of('pipeline_stage_workers', matchers === '' ? status : `${matchers},${status}`);
}

export const AT_WORK = 'active|slow';
export const IN_TROUBLE = 'stuck|starved|down';

export function jobQuantile(quantile: number, range: string, matchers = ''): string {
  const buckets = increase('pipeline_stage_job_duration_seconds_bucket', range, matchers);
  return `histogram_quantile(${quantile}, sum by (stage, le) (${buckets}))`;
}

/** 0 while a daemon answers, and nothing when none does: what is not known must not look like none. */
const ZERO = `sum(${of('stagewatch_build_info')} * 0)`;

/** How many open findings of a severity: each cause once, its consequences not at all. */
export function countFindings(severity: string, matchers = ''): string {
  const chosen = [`severity=~"${severity}"`, 'cause=""', matchers].filter((one) => one !== '').join(',');
  return `count(max by (kind, container, stage, queue, gpu, source) (${of('pipeline_finding_active', chosen)}))\nor ${ZERO}`;
}

export function orZero(expression: string): string {
  return `${expression}\nor ${ZERO}`;
}

/** Ends of the pipeline's containers with another exit code than 0, without those that a stop or restart asked for. */
export function containerEnds(matchers = '', range = '$__rate_interval'): string {
  const notOk = `${matchers === '' ? 'role!="other"' : matchers},reason!="ok"`;
  const ends = increase('pipeline_container_exits_total', range, notOk);
  return `${ends}\n- ${increase('pipeline_container_stops_total', range, notOk)}`;
}

/** Seconds that messages waited within the range, summed over the messages, by stage: their mean number times its length. */
export function messagesWaited(): string {
  const ready = of('pipeline_queue_messages_ready', 'stage!=""');
  return `sum by (stage) (max by (${QUEUE}) (avg_over_time(${ready}[$__range]))) * $__range_s`;
}
