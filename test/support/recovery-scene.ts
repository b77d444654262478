/** A judged fleet with workers to make stuck, and what recovery would decide about them. */

import { type Config, configSchema } from '../../src/config/schema.js';
import type { Finding, FindingKind, FindingSubject } from '../../src/detectors/finding.js';
import type { ContainerFacts } from '../../src/fleet/observations.js';
import { createChangeWatch } from '../../src/recovery/change-watch.js';
import type { WorkerPlan } from '../../src/recovery/decision.js';
import { type InFlight, NO_MEMORY, type RecoveryMemory } from '../../src/recovery/memory.js';
import { planRecovery } from '../../src/recovery/plan.js';
import { planByHand } from '../../src/recovery/plan-by-hand.js';
import type { PlanInput } from '../../src/recovery/plan-input.js';
import { createJudgedFleet, type JudgedFleet } from './judged-fleet.js';

export const STALL_S = 60;

export interface RecoveryScene {
  readonly fleet: JudgedFleet;
  readonly config: Config;
  memory: RecoveryMemory;
  canRemember: boolean;
  /** Open findings beside those that are found. */
  readonly also: Finding[];
  /** A running worker with a job, three steps in. */
  work(name: string, options?: WorkOptions): void;
  /** Its progress and CPU time stand still until its finding has opened; so do those of all others. */
  untilStuck(): void;
  /** Notes what others do, as each look does. */
  look(): void;
  input(): PlanInput;
  plan(): readonly WorkerPlan[];
  planOf(name: string): WorkerPlan | undefined;
  byHand(name: string, isForced?: boolean): WorkerPlan | undefined;
}

export interface WorkOptions {
  readonly container?: Partial<ContainerFacts>;
  readonly document?: string;
  /** How long before now the job began. */
  readonly ranS?: number;
  readonly more?: object;
}

export function createRecoveryScene(config: object = {}): RecoveryScene {
  const user = {
    stages: [
      { id: 'G3', workers: 'paddle-worker-*', queue: 'g3', stall_after: `${STALL_S}s`, ...stageOf(config) },
    ],
    detection: { common_cause_min: 3 },
    ...config,
    recovery: { enabled: true, dry_run: false, ...recoveryOf(config) },
  };
  const { stage: _own, ...written } = user as typeof user & { stage?: object };
  const settings = configSchema.parse(written);
  const fleet = createJudgedFleet(written);
  const changes = createChangeWatch();
  fleet.queue('g3', { ready: 5, unacked: 1, consumers: 3, published: 10, acked: 5 });
  const scene = {
    fleet,
    config: settings,
    memory: NO_MEMORY,
    canRemember: true,
    also: [] as Finding[],
    work(name: string, { container, document = `PMC-${name}`, ranS = 0, more = {} }: WorkOptions = {}) {
      // A container that is there already goes on as it is.
      if (container || !fleet.store.fleet.containers.has(name)) fleet.container(name, container);
      fleet.cpu(name, 100);
      fleet.progress(name, {
        role: 'worker',
        name,
        document,
        done: 3,
        total: 10,
        unit: 'page',
        started_at: fleet.nowMs / 1000 - ranS,
        updated_at: fleet.nowMs / 1000,
        ...more,
      });
    },
    untilStuck() {
      fleet.judgeFor(STALL_S + 70);
    },
    look: () => changes.note(fleet.store.fleet, scene.memory, fleet.nowMs),
    input: (): PlanInput => ({
      fleet: fleet.store.fleet,
      verdicts: {
        ...fleet.evaluation.verdicts,
        findings: new Map([
          ...fleet.evaluation.verdicts.findings,
          ...scene.also.map((finding) => [finding.id, finding] as const),
        ]),
      },
      settings,
      memory: scene.memory,
      changes,
      canRemember: scene.canRemember,
      nowMs: fleet.nowMs,
    }),
    plan: () => planRecovery(scene.input()),
    planOf: (name: string) => scene.plan().find((one) => one.name === name),
    byHand: (name: string, isForced = false) => planByHand(scene.input(), name, isForced),
  };
  return scene;
}

const recoveryOf = (config: object): object => ('recovery' in config ? (config.recovery as object) : {});
const stageOf = (config: object): object => ('stage' in config ? (config.stage as object) : {});

export function flight(name: string, change: Partial<InFlight> = {}): InFlight {
  return {
    id: `20251123T121320Z-${name}`,
    phase: 'restarting',
    container: name,
    containerId: `id-of-${name}`,
    stage: 'G3',
    by: 'stagewatch',
    why: 'stuck',
    askedAtMs: 0,
    ...change,
  };
}

export function finding(kind: FindingKind, subject: FindingSubject, summary: string): Finding {
  const times = { beganAtMs: 1, openedAtMs: 1, confirmedAtMs: 1 };
  const said = { summary, evidence: [], clearsWhen: '' };
  return { kind, key: 'x', id: `${kind}:x`, severity: 'critical', subject, ...said, ...times };
}
