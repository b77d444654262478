/** What to type about a finding: at most three lines that can be copied as they stand, the first only looks. */

import type { FindingKind, FindingSubject } from '../detectors/finding.js';

const SAFE_WORD = /^[\w.:/@%+,-]+$/;

/** A word for a shell: a name from outside is quoted, so that it can never be more than a name. */
export function shellWord(text: string): string {
  const word = text.replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '');
  return SAFE_WORD.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function commandsFor(kind: FindingKind, subject: FindingSubject): readonly string[] {
  const { container, queue, vhost, gpu, uuid, source, document, channel } = subject;
  if (container !== undefined) return containerCommands(kind, shellWord(container));
  if (queue !== undefined) return queueCommands(shellWord(queue), shellWord(vhost ?? '/'));
  if (gpu !== undefined || uuid !== undefined) {
    const which = shellWord(gpu ?? uuid ?? '');
    return [
      `nvidia-smi -i ${which}`,
      `nvidia-smi -q -i ${which} -d ECC,ROW_REMAPPER`,
      `dmesg --ctime | grep -i xid`,
    ];
  }
  if (source !== undefined) return sourceCommands(source);
  if (channel !== undefined) return ['stagewatch test-notification'];
  if (document !== undefined) return [`stagewatch status --problems`];
  return subject.stage === undefined
    ? ['stagewatch status --problems', 'df -h', 'dmesg --ctime | tail -50']
    : [
        'stagewatch status --problems',
        `docker ps -a --filter label=stagewatch.stage=${shellWord(subject.stage)}`,
      ];
}

function containerCommands(kind: FindingKind, name: string): readonly string[] {
  const look = `docker logs --tail 200 --timestamps ${name}`;
  if (kind === 'WorkerDown' || kind === 'InfrastructureDown') {
    return [look, `docker inspect --format '{{json .State}}' ${name}`, `docker start ${name}`];
  }
  if (kind === 'WorkerUnhealthy') {
    return [`docker inspect --format '{{json .State.Health}}' ${name}`, look, `docker restart ${name}`];
  }
  if (kind === 'WorkerCrashLooping') {
    return [look, `docker inspect --format '{{json .State}}' ${name}`, `docker stop ${name}`];
  }
  return [look, `docker top ${name}`, `stagewatch restart ${name} --dry-run`];
}

function queueCommands(queue: string, vhost: string): readonly string[] {
  return [
    `rabbitmqctl -p ${vhost} list_queues name messages_ready messages_unacknowledged consumers | grep -w ${queue}`,
    `rabbitmqctl -p ${vhost} list_consumers | grep -w ${queue}`,
  ];
}

function sourceCommands(source: NonNullable<FindingSubject['source']>): readonly string[] {
  const looks: Readonly<Record<NonNullable<FindingSubject['source']>, readonly string[]>> = {
    docker: ['docker version', 'systemctl status docker'],
    rabbitmq: ['rabbitmqctl status', 'rabbitmq-diagnostics check_alarms'],
    progress: ['df -h', 'mount'],
    sentinels: ['df -h', 'mount'],
    dcgm: ['nvidia-smi', 'docker ps -a --filter name=dcgm'],
  };
  return [...looks[source], 'stagewatch check-config'];
}

/** Keeps everything quiet that is about the same, for two hours. */
export function silenceCommand(kind: FindingKind, { container, stage, queue, gpu }: FindingSubject): string {
  const field =
    container !== undefined
      ? 'container'
      : queue !== undefined
        ? 'queue'
        : stage !== undefined
          ? 'stage'
          : 'gpu';
  const value = container ?? queue ?? stage ?? gpu;
  const where = value === undefined ? '' : ` --${field} ${shellWord(value)}`;
  return `stagewatch silence add --kind ${kind}${where} --for 2h --comment ''`;
}
