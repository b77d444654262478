/** What is not watched and who is not understood, and the one configuration key that adds most. */

import type { FleetJson } from './api-shapes.js';
import { formatCount, formatNumbered } from './format.js';

export interface GapsView {
  /** One sentence or two; null: nothing is missing. */
  readonly text: string | null;
  /** `rabbitmq.management_url`; null: nothing is missing. */
  readonly key: string | null;
}

interface SourceGap {
  readonly source: string;
  readonly key: string;
  readonly adds: string;
}

/** What adds most comes first. */
const SOURCE_GAPS: readonly SourceGap[] = [
  { source: 'docker', key: 'docker.enabled', adds: 'containers, their ends and restarts' },
  {
    source: 'rabbitmq',
    key: 'rabbitmq.management_url',
    adds: 'queues, what waits in them and who serves them',
  },
  {
    source: 'progress',
    key: 'progress.directory',
    adds: 'which job each worker is at, and so who is stuck',
  },
  { source: 'sentinels', key: 'sentinels.root', adds: 'which jobs failed, and why' },
  { source: 'dcgm', key: 'dcgm.url', adds: 'memory, use and errors of GPUs' },
];

export function describeGaps(fleet: FleetJson): GapsView {
  const { sources, workers } = fleet;
  // A daemon that has just started has not listed its sources yet.
  if (!sources || sources.length === 0) return { text: null, key: null };
  const unwatched = SOURCE_GAPS.filter((gap) => !sources.some(({ source }) => source === gap.source));
  const others = countOthers(fleet);
  const isNobodyKnown = others > 0 && (workers ?? []).length === 0;
  const best = isNobodyKnown ? whoIsWho(fleet, others) : unwatched[0];
  if (!best) return { text: null, key: null };
  const missing = unwatched.map(({ source }) => source).join(', ');
  const what = missing === '' ? '' : `Not watched: ${missing}. `;
  return { text: `${what}${best.key} adds most: ${best.adds}.`, key: best.key };
}

/** Who serves which queue, the management API alone tells; where no broker is in sight, a person must. */
function whoIsWho(fleet: FleetJson, others: number): Pick<SourceGap, 'key' | 'adds'> {
  const { broker, containers, sources } = fleet;
  const isNearBroker =
    (sources ?? []).some(({ source }) => source === 'rabbitmq') ||
    (containers ?? []).some(({ image }) => /(^|\/)rabbitmq[:@]?/i.test(image ?? ''));
  const isManaged = (broker?.ways ?? []).some(({ via }) => via === 'management');
  const adds = `which of ${formatNumbered(others, 'container')} are workers`;
  return { key: isNearBroker && !isManaged ? 'rabbitmq.management_url' : 'stages[].workers', adds };
}

export function countOthers({ containers, othersLeftOut }: FleetJson): number {
  return (containers ?? []).filter(({ role }) => role === 'other').length + (othersLeftOut ?? 0);
}

/** `No problem is known, and none of 28 containers is known as a worker: …`. */
export function sayNobodyKnown(fleet: FleetJson): string {
  const count = (fleet.containers ?? []).length + (fleet.othersLeftOut ?? 0);
  const who = count === 1 ? 'the one container is not' : `none of ${formatCount(count)} containers is`;
  return `No problem is known, and ${who} known as a worker: stages[].workers or labels say which they are.`;
}
