/** What a command may use of the process around it, so that it can be run in a test. */

import type { Environment } from '../config/environment.js';
import type { Terminal } from '../views/terminal/watch.js';

export interface CommandContext {
  readonly env: Environment;
  readonly version: string;
  /** Whether the output goes to a person's terminal. */
  readonly isTerminal: boolean;
  /** Absent where nobody sits at both input and output. */
  readonly terminal?: Terminal;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly onSignal: (signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => void) => void;
}
