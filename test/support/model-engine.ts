/** An engine in miniature: one container, its true history, and the events and inspects an engine gives of it. */

import type { ContainerEvent, ContainerFacts } from '../../src/fleet/observations.js';

export interface Truth {
  policy: number;
  askedFor: number;
  exits: number;
}

export interface ModelEngine {
  readonly truth: Truth;
  /** Takes the oldest event that was not taken yet. */
  nextEvent(): ContainerEvent | undefined;
  /** What an inspect answered now would say. */
  inspect(): ContainerFacts;
  start(): void;
  /** The process ends by itself; with a policy the engine will start it again, which `startByPolicy` does. */
  crash(exitCode: number): void;
  /** The process ends before the engine has reported its start, where that is still to be read. */
  crashAtOnce(): void;
  startByPolicy(): void;
  stop(): void;
  restart(): void;
}

const ID = 'c0ffee';

/** Follows moby's order: RestartCount rises at the death, an asked-for start sets it to 0, events come after facts. */
export function createModelEngine(hasPolicy: boolean): ModelEngine {
  const events: ContainerEvent[] = [];
  const truth: Truth = { policy: 0, askedFor: 0, exits: 0 };
  let nowMs = 1000;
  let state: 'created' | 'running' | 'restarting' | 'exited' = 'created';
  let restartCount = 0;
  let exitCode = 0;
  let startedAtMs: number | undefined;
  let finishedAtMs: number | undefined;

  function emit(action: ContainerEvent['action'], code?: number): void {
    nowMs += 7;
    events.push({ id: ID, action, atMs: nowMs, ...(code !== undefined && { exitCode: code }) });
  }

  function run(): void {
    nowMs += 100;
    state = 'running';
    exitCode = 0;
    startedAtMs = nowMs;
    emit('start');
  }

  function end(code: number, isPolicyAsked: boolean): void {
    nowMs += 100;
    finishedAtMs = nowMs;
    exitCode = code;
    truth.exits++;
    state = isPolicyAsked ? 'restarting' : 'exited';
    if (isPolicyAsked) restartCount++;
    emit('die', code);
  }

  function askForStart(): void {
    if (startedAtMs !== undefined) truth.askedFor++;
    restartCount = 0;
    run();
  }

  emit('create');
  return {
    truth,
    nextEvent: () => events.shift(),
    inspect: () => ({
      id: ID,
      name: 'a-worker-gpu0-0',
      image: 'box:1',
      labels: {},
      createdAtMs: 1000,
      state,
      restartCount,
      hasRestartPolicy: hasPolicy,
      exitCode,
      isOomKilled: false,
      ...(startedAtMs !== undefined && { startedAtMs }),
      ...(finishedAtMs !== undefined && { finishedAtMs }),
    }),
    start() {
      if (state === 'created' || state === 'exited') askForStart();
    },
    crash(code) {
      if (state === 'running') end(code, hasPolicy);
    },
    crashAtOnce() {
      const start = events.at(-1);
      if (state !== 'running' || start?.action !== 'start') return;
      events.pop();
      end(3, hasPolicy);
      const die = events.pop();
      events.push({ ...start, atMs: nowMs - 3 });
      if (die) events.push(die);
    },
    startByPolicy() {
      if (state !== 'restarting') return;
      truth.policy++;
      run();
    },
    stop() {
      if (state === 'running') {
        emit('stop');
        end(137, false);
        emit('stop');
      }
    },
    restart() {
      if (state === 'restarting') {
        // The restart that the policy had begun never comes.
        emit('stop');
        state = 'exited';
      } else {
        this.stop();
      }
      askForStart();
    },
  };
}
