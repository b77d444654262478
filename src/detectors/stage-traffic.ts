/** Remembers when a message last came into, was in, or left the queue of each stage, as far as the broker reported it. */

import type { Fleet } from '../fleet/model.js';
import type { Figure, Queue } from '../fleet/queue-model.js';

export interface StageTraffic {
  /** By stage; absent where none was seen. */
  readonly lastAtMs: ReadonlyMap<string, number>;
  note(moment: { readonly fleet: Pick<Fleet, 'queues'> }): void;
}

interface Counted {
  readonly published: number | undefined;
  readonly acked: number | undefined;
}

export function createStageTraffic(): StageTraffic {
  const lastAtMs = new Map<string, number>();
  /** By key of the queue. */
  const before = new Map<string, Counted>();

  return {
    lastAtMs,
    note({ fleet: { queues } }) {
      for (const key of before.keys()) if (!queues.has(key)) before.delete(key);
      for (const [key, queue] of queues) {
        const { stage, published, acked } = queue;
        if (stage === undefined) continue;
        for (const { atMs } of signsOf(queue, before.get(key))) {
          lastAtMs.set(stage, Math.max(lastAtMs.get(stage) ?? 0, atMs));
        }
        before.set(key, { published: published?.value, acked: acked?.value });
      }
    },
  };
}

/** Figures that show a message; the first of a counter says nothing of when. */
function signsOf(
  { ready, unacked, published, acked }: Queue,
  before: Counted | undefined,
): readonly Figure[] {
  const isAny = (figure: Figure | undefined): figure is Figure => figure !== undefined && figure.value > 0;
  const hasRisen = (figure: Figure | undefined, last: number | undefined): figure is Figure =>
    figure !== undefined && last !== undefined && figure.value > last;
  return [
    ...[ready, unacked].filter(isAny),
    ...(hasRisen(published, before?.published) ? [published] : []),
    ...(hasRisen(acked, before?.acked) ? [acked] : []),
  ];
}
