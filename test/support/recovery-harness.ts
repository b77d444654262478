/** Recovery as the daemon runs it, on a judged fleet, with an engine of the test's own making and a disk in memory. */

import type { ContainerLook, LookAnswer, RestartAnswer } from '../../src/fleet/engine-answers.js';
import type { JournalFields } from '../../src/journal/journal-entry.js';
import type { Clock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import type { EnginePort } from '../../src/recovery/engine-port.js';
import { createRecovery, type Recovery, type RecoveryOptions } from '../../src/recovery/recovery.js';
import { createRecoveryScene, type RecoveryScene } from './recovery-scene.js';

export interface RecoveryHarness {
  readonly scene: RecoveryScene;
  /** In order: what was asked of the engine and others, by name. */
  readonly steps: string[];
  /** As it is on disk. */
  readonly disk: { state: unknown; readonly journal: JournalFields[]; isFull: boolean };
  readonly evidence: Map<string, Readonly<Record<string, string>>>;
  engine: EnginePort;
  recovery: Recovery;
  /** Called at each step; a promise that never settles is a daemon that dies there. */
  onStep: (step: string) => Promise<void> | void;
  /** One evaluation and one look, and whatever follows from it without time passing. */
  look(): Promise<void>;
  /** Looks for so long, one every five seconds. */
  lookFor(seconds: number): Promise<void>;
  /** The daemon is gone, and another one starts from what is on disk. */
  dieAndStart(): void;
  /** As the daemon does by itself soon after a change. */
  save(): void;
  entries(type: string): readonly JournalFields[];
}

const STEP_OF_NEWS = {
  'restart-announced': 'announce',
  'restart-withdrawn': 'withdraw',
  'restart-ended-it': 'claim',
} as const;

export function createRecoveryHarness(config: object = {}): RecoveryHarness {
  const scene = createRecoveryScene(config);
  const { fleet } = scene;
  const steps: string[] = [];
  let activity = 0;
  const disk: RecoveryHarness['disk'] = { state: undefined, journal: [], isFull: false };
  const evidence: RecoveryHarness['evidence'] = new Map();
  const clock: Clock = {
    nowMs: () => fleet.nowMs,
    monotonicMs: () => fleet.nowMs,
    after(delayMs, task) {
      const handle = setImmediate(() => {
        activity++;
        fleet.pass(delayMs / 1000);
        task();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
  const log = createLogger({ level: 'silent', format: 'json', write: () => undefined });

  /** Until every chain of promises and timers has run out. */
  async function settle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 25; quietTurns++) {
      const before = activity;
      await new Promise((resolve) => setImmediate(resolve));
      if (activity !== before) quietTurns = 0;
    }
  }

  async function step(name: string): Promise<void> {
    activity++;
    steps.push(name);
    await harness.onStep(name);
  }

  function lookAt(id: string): LookAnswer {
    const container = [...fleet.store.fleet.containers.values()].find((one) => one.id === id);
    if (!container) return { kind: 'gone' };
    const { name, state, startedAtMs } = container;
    const look: ContainerLook = {
      id,
      name,
      state,
      isTty: false,
      clockAheadMs: 0,
      facts: { id },
      ...(startedAtMs !== undefined && { startedAtMs }),
    };
    return { kind: 'seen', look };
  }

  const engine: EnginePort = {
    async look(id) {
      await step('look');
      return lookAt(id);
    },
    async logs() {
      await step('logs');
      return { kind: 'read', value: { lines: [{ stream: 'stderr', text: 'hello' }], isCut: false } };
    },
    async top() {
      await step('top');
      return { kind: 'read', value: { titles: ['PID'], rows: [['1']] } };
    },
    async restart({ name }): Promise<RestartAnswer> {
      await step('restart');
      restartContainer(scene, name);
      return { kind: 'done' };
    },
  };

  function begin(): Recovery {
    let produce: (() => unknown) | undefined;
    const writeState = (): boolean => {
      if (!disk.isFull && produce) disk.state = JSON.parse(JSON.stringify(produce()));
      return !disk.isFull;
    };
    harness.save = () => void writeState();
    const life = { isOver: false };
    const alive = async <T>(value: T): Promise<T> => (life.isOver ? new Promise<T>(() => undefined) : value);
    const options: RecoveryOptions = {
      fleet: fleet.store.fleet,
      verdicts: () => fleet.evaluation.verdicts,
      settings: scene.config,
      section: {
        load: () => disk.state,
        save(next) {
          produce = next;
        },
      },
      state: {
        async flush() {
          await step('flush');
          return alive(writeState());
        },
        get isWritable() {
          return !disk.isFull;
        },
      },
      journal: {
        append: (fields) => void disk.journal.push(fields),
        async appendDurably(fields) {
          await step('journal');
          if (!disk.isFull) disk.journal.push(fields);
          return !disk.isFull;
        },
        newest: ({ limit, types }) =>
          disk.journal
            .toReversed()
            .filter(({ type }) => !types || types.includes(type))
            .slice(0, limit)
            .map((fields) => ({ at: new Date(fleet.nowMs).toISOString(), ...fields })),
      },
      evidence: {
        async keep(incident, files) {
          await step('evidence');
          if (disk.isFull) return { kind: 'failed', problem: 'no space left on device' };
          evidence.set(incident, files);
          return { kind: 'kept', folder: `evidence/${incident}` };
        },
        prune: () => Promise.resolve(undefined),
      },
      engine: () => harness.engine,
      async lookAtProgress() {
        await step('progress');
      },
      announce(id, atMs, action) {
        steps.push(STEP_OF_NEWS[action]);
        fleet.store.apply({ kind: 'container-event', event: { id, action, atMs } });
      },
      async beforeRestart() {
        await step('before');
      },
      clock,
      log,
    };
    const recovery = createRecovery(options);
    recovery.start();
    return recovery;
  }

  const harness: RecoveryHarness = {
    scene,
    steps,
    disk,
    evidence,
    engine,
    onStep: () => undefined,
    recovery: undefined as never,
    async look() {
      await settle();
      fleet.judgeFor(5);
      harness.recovery.look();
      await settle();
    },
    async lookFor(seconds) {
      for (let passed = 0; passed < seconds; passed += 5) await harness.look();
    },
    save: () => undefined,
    dieAndStart() {
      harness.onStep = () => undefined;
      harness.recovery = begin();
    },
    entries: (type) => disk.journal.filter((entry) => entry.type === type),
  };
  harness.recovery = begin();
  return harness;
}

/** What an engine does: the container is stopped and started, and its process begins anew. */
export function restartContainer({ fleet }: RecoveryScene, name: string): void {
  const id = [...fleet.store.fleet.containers.values()].find((one) => one.name === name)?.id ?? '';
  const atMs = fleet.nowMs;
  for (const action of ['stop', 'die', 'start'] as const) {
    const exit = action === 'die' ? { exitCode: 137 } : {};
    fleet.store.apply({ kind: 'container-event', event: { id, action, atMs, ...exit } });
  }
  fleet.container(name, { id, startedAtMs: atMs });
}
