/** Reads how much room the file system of the sentinels has left, as evidence: nothing fails where it does not say. */

import type { ObserverIo } from './observer-io.js';
import type { Look } from './observer-messages.js';

export function readDisk(io: Pick<ObserverIo, 'disk'>, root: string): Pick<Look, 'disk'> {
  try {
    return { disk: io.disk(root) };
  } catch {
    return {};
  }
}
