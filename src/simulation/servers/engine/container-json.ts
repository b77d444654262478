/** Puts simulated containers into the Docker API's words: list entries, inspects, stats and processes; pure. */

import { formatDuration } from '../../../lib/duration.js';
import { describeContainer, listContainer } from '../../describe-world.js';
import { cpuSecondsAt, pidOf, type SimContainer, type World } from '../../world.js';
import { toNanoIso, type WallTime } from '../wall-time.js';

export interface ContainerContext {
  readonly world: World;
  readonly time: WallTime;
  /** Virtual. */
  readonly nowMs: number;
}

/** What the engine writes for what has not happened. */
const NEVER = '0001-01-01T00:00:00Z';
const GIB = 1024 ** 3;
const NANOS = 1e9;
export const CORES = 104;

export function labelsOf(container: SimContainer): {
  image: string;
  labels: Readonly<Record<string, string>>;
} {
  const { image, labels } = listContainer(container);
  return { image, labels };
}

export function renderListed(container: SimContainer, { time, nowMs }: ContainerContext) {
  const { id, name, image, labels, createdAtMs, state } = listContainer(container);
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    ImageID: imageId(image),
    Command: `python -m ${moduleOf(container)}`,
    Created: Math.floor(time.toWallMs(createdAtMs) / 1000),
    Ports: [],
    Labels: labels,
    State: state,
    Status: renderStatus(container, { time, nowMs }),
    HostConfig: { NetworkMode: 'pipeline_default' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}

/** `Up 4 minutes`, `Exited (137) 12 seconds ago`, nearly as the engine says it. */
function renderStatus(
  { state, startedAtMs, finishedAtMs = 0, exitCode }: SimContainer,
  { time, nowMs }: Pick<ContainerContext, 'time' | 'nowMs'>,
): string {
  if (state === 'running') return `Up ${formatDuration(time.lasts(nowMs - startedAtMs))}`;
  return `Exited (${exitCode}) ${formatDuration(time.lasts(nowMs - finishedAtMs))} ago`;
}

export function renderInspected(container: SimContainer, { world, time }: ContainerContext) {
  const { id, name, image, labels, createdAtMs, ...facts } = describeContainer(container);
  const isRunning = facts.state === 'running';
  const at = (virtualMs: number | undefined): string =>
    virtualMs === undefined ? NEVER : toNanoIso(time.toWallMs(virtualMs));
  return {
    Id: id,
    Created: at(createdAtMs),
    Path: 'python',
    Args: ['-m', moduleOf(container)],
    State: {
      Status: facts.state,
      Running: isRunning,
      Paused: false,
      Restarting: false,
      OOMKilled: facts.isOomKilled,
      Dead: false,
      Pid: isRunning ? pidOf(container, world) : 0,
      ExitCode: facts.exitCode,
      Error: '',
      StartedAt: at(facts.startedAtMs),
      FinishedAt: at(facts.finishedAtMs),
    },
    Image: imageId(image),
    Name: `/${name}`,
    RestartCount: facts.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    HostConfig: {
      NetworkMode: 'pipeline_default',
      RestartPolicy: { Name: facts.hasRestartPolicy ? 'unless-stopped' : 'no', MaximumRetryCount: 0 },
      CgroupParent: '',
      Runtime: 'runc',
      Memory: 0,
      Devices: [],
      DeviceRequests: deviceRequests(container, world),
    },
    Mounts: [],
    Config: {
      Hostname: id.slice(0, 12),
      Tty: false,
      OpenStdin: false,
      Env: ['PYTHONUNBUFFERED=1'],
      Cmd: ['python', '-m', moduleOf(container)],
      Image: image,
      Labels: labels,
    },
    NetworkSettings: { Networks: {} },
  };
}

/** `docker run --gpus device=GPU-…`, as compose's `device_ids` becomes. */
function deviceRequests({ name }: SimContainer, { workers, gpus }: World) {
  const gpu = gpus[workers.get(name)?.gpu ?? -1];
  if (!gpu) return null;
  return [{ Driver: 'nvidia', Count: 0, DeviceIDs: [gpu.uuid], Capabilities: [['gpu']], Options: {} }];
}

export function moduleOf({ service }: SimContainer): string {
  return service.replace(/-gpu\d+$/, '').replaceAll('-', '_');
}

/** One image has one id, the same in every run. */
function imageId(image: string): string {
  let hex = '';
  for (const character of image) hex += character.charCodeAt(0).toString(16);
  return `sha256:${hex.padEnd(64, '0').slice(0, 64)}`;
}

/** `before`: the reading that this one is compared with; the engine makes one unless it is asked for a single one. */
export function renderStats(
  container: SimContainer,
  { world, time, nowMs }: ContainerContext,
  before: StatsReading | undefined,
) {
  const isRunning = container.state === 'running';
  const reading = readStats(container, { time, nowMs });
  return {
    read: reading.read,
    preread: before?.read ?? NEVER,
    pids_stats: isRunning ? { current: 1 } : {},
    num_procs: 0,
    cpu_stats: reading.cpu,
    precpu_stats: before?.cpu ?? { cpu_usage: { total_usage: 0 }, throttling_data: {} },
    memory_stats: isRunning ? { usage: memoryOf(container, world), limit: 1024 * GIB, stats: {} } : {},
    name: `/${container.name}`,
    id: container.id,
  };
}

export type StatsReading = ReturnType<typeof readStats>;

export function readStats(
  container: SimContainer,
  { time, nowMs }: Pick<ContainerContext, 'time' | 'nowMs'>,
) {
  const isRunning = container.state === 'running';
  const usedNanos = isRunning ? Math.round(time.lasts(cpuSecondsAt(container, nowMs)) * NANOS) : 0;
  const wallMs = time.toWallMs(nowMs);
  return {
    read: isRunning ? toNanoIso(wallMs) : NEVER,
    cpu: {
      cpu_usage: { total_usage: usedNanos, usage_in_kernelmode: 0, usage_in_usermode: usedNanos },
      // All cores together, busy or not.
      system_cpu_usage: Math.round(wallMs * 1e6) * CORES,
      online_cpus: CORES,
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    },
  };
}

/** Of the host: a model's weights pass through it. */
function memoryOf({ name }: SimContainer, { workers }: World): number {
  return ((workers.get(name)?.stage.gpuMemoryGib ?? 0.5) / 2) * GIB;
}

export function renderTop(container: SimContainer, { world, time, nowMs }: ContainerContext) {
  const seconds = Math.floor(time.lasts(cpuSecondsAt(container, nowMs)));
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
  const started = new Date(time.toWallMs(container.startedAtMs)).toISOString().slice(11, 16);
  const command = `python -m ${moduleOf(container)}`;
  return {
    Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    Processes: [['root', String(pidOf(container, world)), '1', '0', started, '?', clock, command]],
  };
}

/** The main thread keeps the connection; another does the work, or waits for a lock that nobody gives back. */
export function renderThreads(container: SimContainer, { world }: ContainerContext) {
  const worker = world.workers.get(container.name);
  const pid = String(pidOf(container, world));
  const isAtWork = worker?.mode === 'livelocked' || (worker?.mode === 'working' && worker.job !== undefined);
  const row = (tid: string, stat: string, wchan: string) => [
    pid,
    '1',
    tid,
    stat,
    wchan,
    '900000',
    `python -m ${moduleOf(container)}`,
  ];
  return {
    Titles: ['PID', 'PPID', 'LWP', 'STAT', 'WCHAN', 'RSS', 'COMMAND'],
    Processes: [
      row(pid, 'Ssl', 'poll_schedule_timeout'),
      isAtWork ? row(`${pid}1`, 'Rsl', '-') : row(`${pid}1`, 'Ssl', 'futex_do_wait'),
    ],
  };
}
