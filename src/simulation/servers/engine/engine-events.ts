/** Tells the engine's record of what happens in the simulation, in the engine's words and order. */

import type { PipelineHooks } from '../../pipeline-model.js';
import type { SimContainer } from '../../world.js';
import type { EventHistory } from './event-history.js';

export interface EngineEvents {
  readonly hooks: Pick<PipelineHooks, 'containerChanged'>;
  /** What the engine does with a container beside starting and ending it: `kill` with its signal, `restart`. */
  note(container: SimContainer, action: string, attributes?: Readonly<Record<string, string>>): void;
  /** The next end that is asked for comes by this signal. */
  endsBy(signal: string): void;
}

export interface EngineEventsOptions {
  readonly history: EventHistory;
  /** Of now, by the simulation. */
  readonly wallMs: () => number;
}

const SIGTERM = '15';

export function createEngineEvents({ history, wallMs }: EngineEventsOptions): EngineEvents {
  /** Being stopped by somebody: their end is followed by a `stop`. */
  const stopping = new Set<string>();
  let signal = SIGTERM;

  function note(container: SimContainer, action: string, attributes = {}): void {
    history.add({ container, action, wallMs: wallMs(), attributes });
  }

  function noteEnd(container: SimContainer): void {
    note(container, 'die', { exitCode: String(container.exitCode) });
    if (stopping.delete(container.name)) note(container, 'stop');
  }

  return {
    note,
    endsBy(next) {
      signal = next;
    },
    hooks: {
      containerChanged(container, change) {
        if (change === 'die') noteEnd(container);
        else if (change === 'stop') {
          stopping.add(container.name);
          note(container, 'kill', { signal });
          signal = SIGTERM;
        } else note(container, change);
      },
    },
  };
}
