/** Which commands help with a problem: to be copied as they are, into the shell of the host. */

import type { ContainerJson, FindingJson, WorkerJson } from './api-shapes.js';

export interface Command {
  readonly text: string;
  /** What it does, in a few words: `its last log lines`. */
  readonly purpose: string;
}

/** What is known around a finding, for commands that name somebody else. */
export interface CommandContext {
  /** The broker's container, if one is known. */
  readonly brokerContainer: string | null;
  /** It runs, so that a command can be run in it. */
  readonly isBrokerRunning: boolean;
  /** Of a finding about a source: what is watched. */
  readonly sourceTarget: string | null;
  /** The engine has a container of the finding's name. */
  readonly isKnown: boolean;
  /** Where sentinels are, with the pattern, if they are watched. */
  readonly sentinelsTarget?: string | null;
  /** Of the finding's container, by the engine; null where that is not known. */
  readonly state: string | null;
  /** Who starts the container again, where that is not for the engine's client to do, and how a person asks for it. */
  readonly supervisor: { readonly title: string; readonly remedy: string | null } | null;
  /** It is no part of the pipeline: the daemon restarts it for nobody. */
  readonly isOther?: boolean;
  /** Recovery leaves its restart to a person: only a forced one would be done. */
  readonly needsForce: boolean;
  /** Where progress files are, if they are watched. */
  readonly progressFolder: string | null;
  /** Workers that the stuck orchestrator of the finding waits for and that are bad themselves. */
  readonly culprits: readonly string[];
  /** Workers that are stuck on the finding's GPU, and that the engine's client may stop. */
  readonly stuckOnGpu?: readonly string[];
}

/** The engine takes no other names; anything else comes from a file that a worker wrote, and is not for a shell. */
const CONTAINER_NAME = /^[a-zA-Z0-9][\w.-]*$/;
const PLAIN_WORD = /^[\w@%+=:,./-]+$/;
const RESTARTABLE: ReadonlySet<string> = new Set([
  'WorkerStuck',
  'WorkerStarved',
  'WorkerDown',
  'WorkerUnhealthy',
  'RestartsExhausted',
]);
/** States from which `docker start` brings it up. */
const STARTABLE: ReadonlySet<string> = new Set(['exited', 'created', 'dead']);
/** Their text is of a container that should run. */
const TO_START: ReadonlySet<string> = new Set([
  'WorkerDown',
  'InfrastructureDown',
  'BackupStale',
  'RestartsExhausted',
]);
const MAX_CULPRITS = 2;

/** At most four, the most useful first. */
export function commandsFor(finding: FindingJson, context: CommandContext): readonly Command[] {
  return [...ofContainer(finding, context), ...ofOthers(finding, context)].slice(0, 4);
}

function ofContainer(finding: FindingJson, context: CommandContext): Command[] {
  const { isKnown, state, culprits } = context;
  const { container, kind } = finding;
  const blamed = culprits.filter((name) => CONTAINER_NAME.test(name)).slice(0, MAX_CULPRITS);
  const commands = blamed.map((name) => logsOf(name, `log of ${name}, which holds it up`));
  if (!container || !CONTAINER_NAME.test(container)) return commands;
  if (kind === 'ProgressUnreadable') commands.push(...readProgress(container, context));
  if (!isKnown) {
    return [...commands, { text: `docker ps -a --filter name=${container}`, purpose: 'whether it is there' }];
  }
  commands.push(logsOf(container, 'its last log lines'));
  if (kind === 'ProgressClockSkewed' && state === 'running') {
    return [{ text: `docker exec ${container} date -u`, purpose: 'its clock' }, ...commands];
  }
  return [...commands, ...remedies(container, kind, context), inside(container, state)];
}

function inside(container: string, state: string | null): Command {
  return state === 'running'
    ? { text: `docker exec -it ${container} sh`, purpose: 'a shell inside' }
    : { text: `docker inspect --format '{{json .State}}' ${container}`, purpose: 'how it ended' };
}

/** What the text of the kind advises, where it can be done in this state. */
function remedies(container: string, kind: string, context: CommandContext): readonly Command[] {
  const { state, supervisor, needsForce, isOther = false } = context;
  if (state === 'paused') return [{ text: `docker unpause ${container}`, purpose: 'let it go on' }];
  if (kind === 'WorkerCrashLooping' && supervisor === null) {
    return [{ text: `docker stop ${container}`, purpose: 'end the loop' }];
  }
  const canStart = STARTABLE.has(state ?? '') && supervisor === null && TO_START.has(kind);
  const start = canStart ? [{ text: `docker start ${container}`, purpose: 'start it again' }] : [];
  if (!RESTARTABLE.has(kind) || isOther) return start;
  if (supervisor?.remedy) return [{ text: supervisor.remedy, purpose: `restarted by ${supervisor.title}` }];
  const force = needsForce ? ' --force' : '';
  const dryRun = {
    text: `stagewatch restart ${container}${force} --dry-run`,
    purpose: 'what a restart would do and cost',
  };
  return canStart && kind === 'WorkerDown' ? start : [...start, dryRun];
}

function readProgress(container: string, { progressFolder }: CommandContext): readonly Command[] {
  if (!progressFolder?.startsWith('/')) return [];
  const file = `${progressFolder.replace(/\/$/, '')}/${container}.json`;
  return [{ text: `cat ${shellWord(file)}`, purpose: 'what stands in its progress file' }];
}

/** None for a name that no engine takes: there is no log to read. */
export function logsCommands(container: string): readonly Command[] {
  return CONTAINER_NAME.test(container) ? [logsOf(container, 'its last log lines')] : [];
}

function logsOf(container: string, purpose: string): Command {
  return { text: `docker logs --tail 200 ${container}`, purpose };
}

function ofOthers(finding: FindingJson, context: CommandContext): readonly Command[] {
  const { kind, stage, gpu, queue, source, container } = finding;
  if (source) return ofSource(source, context);
  if (kind === 'NotificationsFailing') {
    return [{ text: 'stagewatch test-notification', purpose: 'send one now and see what fails' }];
  }
  if (kind === 'PipelineStandstill') return ofStandstill(context);
  if (queue) return [listQueues(finding, context), ...ofStage(stage)];
  if (container) return [];
  if (gpu !== null && gpu !== undefined) return ofGpu(gpu, kind, context);
  return ofStage(stage);
}

function ofStandstill({ sentinelsTarget }: CommandContext): readonly Command[] {
  const folder = sentinelsTarget?.startsWith('/') ? folderOf(sentinelsTarget) : '';
  const status = { text: 'stagewatch status --problems', purpose: 'what else is wrong' };
  if (folder === '') return [status];
  return [{ text: `df -h ${shellWord(folder)}`, purpose: 'whether its disk is full' }, status];
}

function ofStage(stage: string | null | undefined): readonly Command[] {
  if (!stage) return [];
  return [{ text: `stagewatch status --stage ${shellWord(stage)}`, purpose: 'who serves the stage' }];
}

/** Stopped, they give back what workers of other GPUs can do; restarted, they would hang again. */
export function stuckOn(gpu: FindingJson['gpu'], { workers, states }: StuckFacts): readonly string[] {
  return workers
    .filter((one) => gpu && one.gpu === gpu && one.status === 'stuck')
    .map(({ container }) => container)
    .filter((name) => {
      const { state, supervisor } = states.get(name) ?? {};
      return state === 'running' && !supervisor;
    });
}

interface StuckFacts {
  readonly workers: readonly WorkerJson[];
  readonly states: ReadonlyMap<string, ContainerJson>;
}

function ofGpu(gpu: string, kind: string, { stuckOnGpu = [] }: CommandContext): readonly Command[] {
  const index = shellWord(gpu);
  const look = { text: `nvidia-smi -i ${index}`, purpose: 'what the driver says of it' };
  const users = { text: `stagewatch status --gpu ${index}`, purpose: 'who uses it' };
  if (kind !== 'GpuError' && kind !== 'CommonCause') return [look, users];
  const stuck = stuckOnGpu.filter((name) => CONTAINER_NAME.test(name));
  const stop = {
    text: `docker stop ${stuck.join(' ')}`,
    purpose: 'give back what they hold',
  };
  const kernel = { text: 'sudo dmesg -T | grep -i xid', purpose: 'the kernel’s word on it' };
  return [look, ...(stuck.length > 0 ? [stop] : []), kernel, users];
}

function listQueues({ vhost }: FindingJson, { brokerContainer, isBrokerRunning }: CommandContext): Command {
  const inside =
    isBrokerRunning && brokerContainer !== null && CONTAINER_NAME.test(brokerContainer)
      ? `docker exec ${brokerContainer} `
      : '';
  const columns = 'name messages_ready messages_unacknowledged consumers';
  return {
    text: `${inside}rabbitmqctl list_queues -p ${shellWord(vhost ?? '/')} ${columns}`,
    purpose: 'the broker’s own count',
  };
}

function ofSource(source: string, { brokerContainer, sourceTarget }: CommandContext): readonly Command[] {
  switch (source) {
    case 'docker':
      return [{ text: 'docker info', purpose: 'whether the engine answers' }];
    case 'rabbitmq':
      return brokerContainer !== null && CONTAINER_NAME.test(brokerContainer)
        ? [logsOf(brokerContainer, 'the broker’s last log lines')]
        : [];
    case 'dcgm':
      return sourceTarget?.startsWith('http')
        ? [{ text: `curl -sS ${shellWord(sourceTarget)} | head`, purpose: 'whether the exporter answers' }]
        : [];
    case 'gpu_processes':
      return [{ text: 'nvidia-smi', purpose: 'whether the driver answers, and what it says' }];
    default: {
      const folder = sourceTarget?.startsWith('/') ? folderOf(sourceTarget) : '';
      return folder === '' ? [] : [{ text: `ls -la ${shellWord(folder)}`, purpose: 'whether it is there' }];
    }
  }
}

/** Sentinels are watched by a pattern: the folder before its first placeholder is what there must be. */
function folderOf(target: string): string {
  const at = target.search(/[{*]/);
  return at < 0 ? target : target.slice(0, target.lastIndexOf('/', at) + 1);
}

/** Quoted where a shell would see more in it than a word; always one line. */
function shellWord(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '')
    // No name begins so, and a program would take it for an option.
    .replace(/^-/, '?');
  return PLAIN_WORD.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
