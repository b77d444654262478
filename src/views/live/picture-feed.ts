/** Makes the page's picture at most once a second, however many clients ask, and tells whether it is a new one. */

import type { Clock } from '../../lib/clock.js';

export interface Picture {
  /** JSON, with `at`. */
  readonly text: string;
  /** Rises when anything but `at` has changed. */
  readonly revision: number;
  readonly madeAtMs: number;
}

export const PICTURE_EVERY_MS = 1000;

/** `render` gives the picture without `at`. */
export function createPictureFeed(render: (nowMs: number) => object, clock: Clock): () => Picture {
  let body = '';
  let last: Picture | undefined;
  return () => {
    const nowMs = clock.nowMs();
    // A wall clock that was set back must not freeze the picture.
    if (last && nowMs >= last.madeAtMs && nowMs - last.madeAtMs < PICTURE_EVERY_MS) return last;
    const fresh = JSON.stringify(render(nowMs));
    const hasChanged = fresh !== body;
    body = fresh;
    last = {
      text: `{"at":"${new Date(nowMs).toISOString()}",${body.slice(1)}`,
      revision: (last?.revision ?? 0) + (hasChanged ? 1 : 0),
      madeAtMs: nowMs,
    };
    return last;
  };
}
