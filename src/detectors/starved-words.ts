/** Says why a worker is starved, and how sure that is. */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Neglect } from './consumer-facts.js';
import type { WorkerJudgement } from './worker-facts.js';

export function sayLost(neglect: Neglect, idleMs: number): WorkerJudgement {
  const { queue, ready, consumers, expected } = neglect;
  const why = `while queue ${queue} has ${ready} waiting and ${expected - consumers} of ${counted(expected, 'consumer')} missing`;
  return starved(neglect, idleMs, why, []);
}

/** Nothing waits, so it is known by the count alone. */
export function sayMissing(neglect: Neglect, idleMs: number): WorkerJudgement {
  const { queue, consumers, expected } = neglect;
  return starved(
    neglect,
    idleMs,
    `and ${expected - consumers} of ${counted(expected, 'consumer')} of queue ${queue} missing`,
    [],
  );
}

export function sayHalfOpen(neglect: Neglect, idleMs: number): WorkerJudgement {
  const { consumers, expected, queue } = neglect;
  const isCounted = consumers >= expected;
  const why = isCounted
    ? `and without a connection, although the broker still counts its consumer of queue ${queue}`
    : `and without a connection to the broker; ${expected - consumers} of ${counted(expected, 'consumer')} of queue ${queue} missing`;
  return starved(neglect, idleMs, why, [
    'its container has no established connection (read from the kernel)',
    ...(isCounted
      ? ['the broker goes on sending it messages until it finds the connection dead (heartbeat)']
      : []),
  ]);
}

export function sayPassedOver(neglect: Neglect, idleMs: number): WorkerJudgement {
  const { queue, ready, held } = neglect;
  const why =
    ready > 0
      ? `while queue ${queue} has ${ready} waiting that it does not take, though no consumer is missing`
      : `while ${counted(held, 'message')} of queue ${queue} ${held === 1 ? 'is' : 'are'} held by no worker that is at work`;
  return starved(neglect, idleMs, why, [
    'its connection is probably half-open: it took messages before, takes none now, and uses no CPU; the connection itself was not seen',
  ]);
}

function starved(
  { queue, ready, consumers, expected }: Neglect,
  idleMs: number,
  why: string,
  more: readonly string[],
): WorkerJudgement {
  const idle = formatDuration(idleMs);
  return {
    status: 'starved',
    reason: `idle for ${idle} ${why}`,
    evidence: [
      ...more,
      `queue ${queue} has ${ready} waiting and ${counted(consumers, 'consumer')}; it should have ${expected}`,
      `no job for ${idle}`,
    ],
  };
}
