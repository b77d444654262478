/** What the demo's two processes say to each other: the daemon's, and that of everything it watches. */

import type { ProfileName } from '../simulation/profile.js';
import type { FaultTruth } from '../simulation/truth.js';

export interface SurroundingsRequest {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly speed: number;
  readonly listen: string;
  /** Stuck workers are restarted; else it is only said. */
  readonly isRecovering: boolean;
}

/** The daemon listens: faults can strike, and a Prometheus can scrape it. */
export interface DaemonStarted {
  /** `127.0.0.1:9847` */
  readonly target: string;
  /** The program to start; absent: none. */
  readonly prometheus?: string;
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
  | { readonly kind: 'prometheus'; readonly url: string; readonly pid: number; readonly ruleFiles: number }
  | { readonly kind: 'no-prometheus'; readonly problem: string }
  | { readonly kind: 'struck'; readonly fault: FaultTruth }
  | { readonly kind: 'over'; readonly fault: FaultTruth };
