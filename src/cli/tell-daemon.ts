/** Tells the daemon's process of something, if it is still there to hear it. */

import type { FromSurroundings } from './demo-messages.js';

export function tellDaemon(message: FromSurroundings): void {
  if (!process.connected) return;
  // The other end may be closed already, which this process has not read yet: 'disconnect' follows, and ends it in order.
  process.send?.(message, undefined, undefined, () => undefined);
}
