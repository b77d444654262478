/** What the demo's two processes say to each other: the daemon's, and that of everything it watches. */

import type { ProfileName } from '../simulation/profile.js';
import type { FaultTruth } from '../simulation/truth.js';

export interface SurroundingsRequest {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly speed: number;
  readonly listen: string;
}

export type FromSurroundings =
  | {
      readonly kind: 'ready';
      readonly folder: string;
      readonly configFile: string;
      readonly containers: number;
      readonly workers: number;
    }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'struck'; readonly fault: FaultTruth }
  | { readonly kind: 'over'; readonly fault: FaultTruth };
