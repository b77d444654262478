/** Recovery that has nothing to do, for tests of what is shown around it. */

import { configSchema } from '../../src/config/schema.js';
import { NO_MEMORY } from '../../src/recovery/memory.js';
import type { Recovery } from '../../src/recovery/recovery.js';

export const NO_RECOVERY: Pick<Recovery, 'picture' | 'restartByHand'> = {
  picture: {
    settings: configSchema.parse({}),
    memory: NO_MEMORY,
    plans: [],
    recent: [],
    stages: new Map(),
  },
  restartByHand: () => Promise.resolve(undefined),
};
