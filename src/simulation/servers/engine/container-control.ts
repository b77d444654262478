/** What the engine does on request: start, stop, restart and kill, each container one thing at a time. */

import type { Pipeline } from '../../pipeline-model.js';
import type { SimContainer, World } from '../../world.js';
import type { EngineEvents } from './engine-events.js';

export type ControlResult = 'done' | 'not_modified' | 'not_running';

export interface ContainerControl {
  start(container: SimContainer): Promise<ControlResult>;
  /** After `graceSeconds` of the wall's time a program that ignores SIGTERM is killed. */
  stop(container: SimContainer, graceSeconds: number): Promise<ControlResult>;
  restart(container: SimContainer, graceSeconds: number): Promise<ControlResult>;
  kill(container: SimContainer, signal: string): Promise<ControlResult>;
}

export interface ContainerControlOptions {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly events: EngineEvents;
  /** Brings the world up to now. */
  readonly advance: () => number;
}

const SIGKILL = '9';
const SIGTERM = '15';
const SIGNALS: Readonly<Record<string, string>> = {
  HUP: '1',
  INT: '2',
  QUIT: '3',
  KILL: SIGKILL,
  USR1: '10',
  TERM: SIGTERM,
};
/** What programs without a handler of their own end by. */
const ENDING: ReadonlySet<string> = new Set(['2', '3', SIGKILL, SIGTERM]);

export function createContainerControl(options: ContainerControlOptions): ContainerControl {
  const { world, pipeline, events, advance } = options;
  const busy = new Map<string, Promise<unknown>>();

  function oneByOne(container: SimContainer, act: () => Promise<ControlResult>): Promise<ControlResult> {
    const before = busy.get(container.name) ?? Promise.resolve();
    const result = before.then(() => {
      advance();
      return act();
    });
    busy.set(container.name, result);
    return result;
  }

  /** A hung program has no ear for signals but the one that needs none. */
  const isDeaf = ({ name }: SimContainer): boolean => world.workers.get(name)?.mode === 'hung';

  function end(container: SimContainer, signal: string): void {
    events.endsBy(signal);
    const exitCode = 128 + Number(signal);
    pipeline.kill(container, { exitCode, isAskedFor: true, isForced: signal === SIGKILL });
  }

  async function endWithin(container: SimContainer, graceSeconds: number): Promise<void> {
    if (!isDeaf(container)) {
      end(container, SIGTERM);
      return;
    }
    events.note(container, 'kill', { signal: SIGTERM });
    const { life } = container;
    await pause(graceSeconds * 1000);
    advance();
    if (container.life === life) end(container, SIGKILL);
  }

  return {
    start: (container) =>
      oneByOne(container, () => {
        if (container.state === 'running') return Promise.resolve('not_modified');
        pipeline.launch(container);
        return Promise.resolve('done');
      }),
    stop: (container, graceSeconds) =>
      oneByOne(container, async () => {
        if (container.state !== 'running') return 'not_modified';
        await endWithin(container, graceSeconds);
        return 'done';
      }),
    restart: (container, graceSeconds) =>
      oneByOne(container, async () => {
        if (container.state === 'running') await endWithin(container, graceSeconds);
        if (container.state !== 'running') pipeline.launch(container);
        events.note(container, 'restart');
        return 'done';
      }),
    kill: (container, signal) =>
      oneByOne(container, () => {
        if (container.state !== 'running') return Promise.resolve('not_running');
        const isHeard = signal === SIGKILL || (ENDING.has(signal) && !isDeaf(container));
        if (isHeard) end(container, signal);
        else events.note(container, 'kill', { signal });
        return Promise.resolve('done');
      }),
  };
}

/** `SIGKILL`, `KILL` and `9` are one signal; undefined where there is none of the name. */
export function parseSignal(text: string): string | undefined {
  if (/^\d{1,2}$/.test(text)) return text;
  return SIGNALS[text.toUpperCase().replace(/^SIG/, '')];
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs).unref());
}
