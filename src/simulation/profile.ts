/** The pipelines that can be simulated: their stages with the habits of their jobs, their workers, their hosts. */

export const PROFILES = ['2gpu', '8gpu'] as const;
export type ProfileName = (typeof PROFILES)[number];

/** How a stage tells of progress: many small steps, few large ones, or none at all. */
export type Habit = 'fine' | 'coarse' | 'none';

export interface SimStage {
  readonly id: string;
  readonly name: string;
  readonly branch: string;
  /** Service of its workers: `paddle` for `paddle-worker-gpu1-0`. */
  readonly service: string;
  readonly habit: Habit;
  /** Writes its progress every 10 s also when nothing has moved. */
  readonly hasHeartbeat: boolean;
  /** Job times are lognormal around a median, or uniform between two bounds; in seconds. */
  readonly jobTime:
    | { readonly median: number; readonly sigma: number }
    | { readonly from: number; readonly to: number };
  /** How many of the documents go through it. */
  readonly share: number;
  readonly cores: number;
  readonly gpuMemoryGib: number;
  readonly workersPerGpu: Readonly<Record<ProfileName, number>>;
}

export interface SimProfile {
  readonly name: ProfileName;
  readonly gpus: number;
  readonly orchestrators: number;
  /** Containers that are no part of the pipeline. */
  readonly others: number;
  readonly documents: number;
  readonly stages: readonly SimStage[];
}

const perGpu = (two: number, eight: number): SimStage['workersPerGpu'] => ({ '2gpu': two, '8gpu': eight });

/** In DAG order. Deep and Vision jobs legitimately take 30 to 110 minutes. */
const STAGES: readonly SimStage[] = [
  stage('G2_00', 'Spine', 'A', { service: 'spine', habit: 'fine', median: 12, perGpu: perGpu(3, 3) }),
  stage('G2_01', 'Layout', 'A', { service: 'layout', habit: 'fine', median: 25, perGpu: perGpu(3, 3) }),
  stage('G3_00', 'Figures', 'B', { service: 'figure', habit: 'none', median: 35, perGpu: perGpu(3, 3) }),
  stage('G3_02', 'Witnesses', 'B', { service: 'paddle', habit: 'fine', median: 80, perGpu: perGpu(7, 6) }),
  stage('G4_00', 'Formulas', 'C', { service: 'formula', habit: 'coarse', median: 150, perGpu: perGpu(5, 5) }),
  stage('G5_00', 'Tables', 'D', { service: 'table', habit: 'fine', median: 45, perGpu: perGpu(3, 3) }),
  long('G5_02', 'Deep', 'D', { service: 'deep', habit: 'none' }),
  long('G6_00', 'Vision', 'E', { service: 'vision', habit: 'coarse' }),
  stage('G8_00', 'Merge', 'A', { service: 'merge', habit: 'fine', median: 10, perGpu: perGpu(2, 2) }),
  stage('G9_02', 'Fusion', 'A', { service: 'fusion', habit: 'none', median: 15, perGpu: perGpu(1, 1) }),
];

export function simProfile(name: ProfileName): SimProfile {
  return name === '2gpu'
    ? { name, gpus: 2, orchestrators: 14, others: 0, documents: 2000, stages: STAGES }
    : { name, gpus: 8, orchestrators: 80, others: 14, documents: 8000, stages: STAGES };
}

interface StageHabits {
  readonly service: string;
  readonly habit: Habit;
  readonly median: number;
  readonly perGpu: SimStage['workersPerGpu'];
}

function stage(id: string, name: string, branch: string, habits: StageHabits): SimStage {
  const { service, habit, median, perGpu: workersPerGpu } = habits;
  return {
    id,
    name,
    branch,
    service,
    habit,
    hasHeartbeat: habit === 'coarse',
    jobTime: { median, sigma: 0.5 },
    share: 1,
    cores: 0.8,
    gpuMemoryGib: 4,
    workersPerGpu,
  };
}

function long(
  id: string,
  name: string,
  branch: string,
  { service, habit }: Pick<StageHabits, 'service' | 'habit'>,
): SimStage {
  return {
    id,
    name,
    branch,
    service,
    habit,
    hasHeartbeat: true,
    jobTime: { from: 30 * 60, to: 110 * 60 },
    share: 0.02,
    cores: 1.2,
    gpuMemoryGib: 12,
    workersPerGpu: perGpu(1, 1),
  };
}

/** The configuration a user would write for the profile. */
export function simulationConfig(profile: SimProfile): object {
  return {
    stages: profile.stages.map(({ id, name, branch, service }) => ({
      id,
      name,
      branch,
      queue: queueName(id),
      workers: `${service}-worker-*`,
    })),
    infrastructure: { RabbitMQ: 'rabbitmq', GROBID: 'grobid', Backup: 'backup' },
  };
}

export function queueName(stageId: string): string {
  return stageId.toLowerCase();
}
