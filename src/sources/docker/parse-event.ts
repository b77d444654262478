/** Reads one line of the engine's event stream. */

import { z } from 'zod';
import { HEALTH_STATES, type HealthState } from '../../fleet/model.js';
import type { ContainerEventAction } from '../../fleet/observations.js';
import { SourceError } from '../source-error.js';

export interface EngineEvent {
  readonly containerId: string;
  /** The engine's clock, Unix milliseconds with fractions. */
  readonly atMs: number;
  /** Seconds and nanoseconds as the engine wants them back in `since`. */
  readonly since: string;
  /** Tells repeats after a reconnect. */
  readonly key: string;
  /** `restarted`: Docker says so when it is done, Podman before it stops the container and before each restart by policy. */
  readonly kind: 'counted' | 'changed' | 'restarted' | 'destroyed';
  /** Of a counted event. */
  readonly action?: ContainerEventAction;
  /** Of a `die`; absent where the engine does not tell it. */
  readonly exitCode?: number;
  /** Of a kill that is counted. */
  readonly signal?: number;
  /** Of a health check, where the engine tells its outcome; Podman sends one for each check. */
  readonly health?: HealthState;
}

/** What is asked of the engine; without it each health check would send three events every few seconds. */
export const EVENT_ACTIONS = [
  'create',
  'destroy',
  'die',
  'health_status',
  'kill',
  'oom',
  'pause',
  // Podman's word for destroy.
  'remove',
  'rename',
  'restart',
  'start',
  'stop',
  'unpause',
  'update',
] as const;

const schema = z.object({
  Action: z.string(),
  HealthStatus: z.string().nullish().catch(undefined),
  Actor: z.object({
    ID: z.string().min(1).max(128),
    Attributes: z.record(z.string(), z.unknown()).nullish(),
  }),
  timeNano: z.number(),
});

/** SIGINT, SIGQUIT, SIGABRT, SIGKILL and SIGTERM ask a process to end; a HUP or USR1 does not. */
const ENDING_SIGNALS = new Set(['2', '3', '6', '9', '15']);

/** Throws SourceError when the line is no event of a container. */
export function parseEvent(line: string): EngineEvent {
  const result = schema.safeParse(parseLine(line));
  if (!result.success)
    throw new SourceError('protocol', `an event has an unexpected shape: ${line.slice(0, 80)}`);
  const { Action, Actor, HealthStatus, timeNano } = result.data;
  const health = healthIn(Action, HealthStatus);
  const attributes = Actor.Attributes ?? {};
  const nanoseconds = nanosecondsIn(line) ?? String(timeNano);
  const atMs = timeNano / 1e6;
  return {
    containerId: Actor.ID,
    atMs,
    since: `${nanoseconds.slice(0, -9)}.${nanoseconds.slice(-9)}`,
    key: `${nanoseconds} ${Actor.ID} ${Action}`,
    ...meaning(Action, attributes),
    ...(health !== undefined && { health }),
  };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SourceError('protocol', `an event is not JSON: ${line.slice(0, 80)}`, { cause: error });
  }
}

/** JSON numbers lose the last digits of a nanosecond count. */
function nanosecondsIn(line: string): string | undefined {
  return /"timeNano":(\d{10,})/.exec(line)?.[1];
}

/** Docker: `health_status: healthy`; Podman: the plain action, and the outcome beside it. */
function healthIn(action: string, beside: string | null | undefined): HealthState | undefined {
  const [name, word = beside] = action.split(': ');
  return name === 'health_status' ? HEALTH_STATES.find((state) => state === word) : undefined;
}

function meaning(
  action: string,
  attributes: Readonly<Record<string, unknown>>,
): Pick<EngineEvent, 'kind' | 'action' | 'exitCode' | 'signal'> {
  switch (action) {
    case 'create':
    case 'start':
    case 'oom':
    case 'stop':
      return { kind: 'counted', action };
    case 'die': {
      // Podman's word is the second. Without a code the inspect that the event causes may tell how it ended.
      const code = String(attributes['exitCode'] ?? attributes['containerExitCode'] ?? '');
      return { kind: 'counted', action, ...(/^-?\d+$/.test(code) && { exitCode: Number(code) }) };
    }
    case 'kill': {
      const signal = String(attributes['signal'] ?? '9');
      return ENDING_SIGNALS.has(signal)
        ? { kind: 'counted', action: 'stop', signal: Number(signal) }
        : { kind: 'changed' };
    }
    case 'destroy':
    case 'remove':
      return { kind: 'destroyed' };
    case 'restart':
      return { kind: 'restarted' };
    default:
      return { kind: 'changed' };
  }
}
