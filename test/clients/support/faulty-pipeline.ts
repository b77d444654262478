/** Containers and queues of a pipeline in which many things are to go wrong, and a part that stays well. */

import { join } from 'node:path';
import type { Channel } from 'amqplib';
import { IMAGE } from '../../support/real-docker.js';
import type { KitFleet } from './kit-fleet.js';

/** Another pipeline on the same engine and broker: its project, folder and vhost. */
export const LOST = 'lost';
/** Workers of stage MAIN: more than all others, because faults in many places are no fault of the host. */
export const HEALTHY = 12;
const STARTED_AT_ONCE = 4;

export async function declareQueues(channel: Channel): Promise<void> {
  for (const queue of ['stop', 'spin', 'hang', 'eat', 'loop', 'poison', 'early', 'away', 'gone', 'full'])
    await channel.assertQueue(queue);
  for (const queue of ['idle', 'clock', 'main', 'bad-dead']) await channel.assertQueue(queue);
  await channel.assertQueue('bad', { deadLetterExchange: '', deadLetterRoutingKey: 'bad-dead' });
  const limited = { 'x-queue-type': 'quorum', 'x-consumer-timeout': 60_000 };
  await channel.assertQueue('long', { arguments: limited });
}

interface Extras {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly subfolder?: string;
}

function worker(
  fleet: KitFleet,
  name: string,
  { args = [], env = {}, options = {}, subfolder }: Extras = {},
) {
  const queue = name.split('-')[0] ?? '';
  return () =>
    fleet.run({
      name,
      program: 'faulty_worker.py',
      args,
      env: {
        STAGEWATCH_STAGE: queue.toUpperCase(),
        WORKER_OPTIONS: JSON.stringify({ queue, ...options }),
        ...env,
      },
      ...(subfolder !== undefined && { subfolder }),
    });
}

const box = (fleet: KitFleet, name: string, script: string) => () =>
  fleet.engine.docker('run', '-d', '--network=none', `--name=${name}`, IMAGE, 'sh', '-c', script);

/** The workers, each of a stage that its name begins with, and what stands beside them. */
export async function startContainers(fleet: KitFleet): Promise<void> {
  const many = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => worker(fleet, `${name}-worker-${index + 1}`));
  const sick = ['--health-cmd=exit 1', '--health-interval=1s', '--health-retries=1'];
  const project = (service: string): readonly string[] =>
    ['project=lost', `service=${service}`, 'container-number=1'].map(
      (label) => `--label=com.docker.compose.${label}`,
    );
  const starts: (() => Promise<unknown>)[] = [
    worker(fleet, 'loop-worker-1', { args: ['--restart=always'] }),
    ...many('poison', 2),
    worker(fleet, 'eat-worker-1', { args: ['--memory=100m', '--memory-swap=100m'] }),
    worker(fleet, 'early-worker-1', { options: { late_ack: false } }),
    ...many('hang', 3),
    ...many('stop', 2),
    ...many('spin', 2),
    ...many('bad', 1),
    ...many('away', 1),
    ...many('gone', 1),
    ...many('full', 1),
    ...many('long', 1),
    worker(fleet, 'idle-worker-1', { options: { heartbeat: 2 } }),
    worker(fleet, 'clock-worker-1', {
      args: [`--volume=${join(fleet.folder, 'skew')}:/skew:ro`],
      env: { PYTHONPATH: '/skew:/kit' },
    }),
    worker(fleet, 'main-worker-1', { args: sick }),
    ...many('main', HEALTHY).slice(1),
    box(fleet, 'grobid', 'exit 1'),
    box(fleet, 'backup', 'exit 1'),
    worker(fleet, 'lost-worker-1', {
      args: project('lost-worker'),
      env: {
        SENTINEL: 'elsewhere.json',
        STAGEWATCH_RABBITMQ_AMQP_URL: `${fleet.broker.amqpUrl}${LOST}`,
      },
      options: { declare: {} },
      subfolder: LOST,
    }),
  ];
  const lanes = Array.from({ length: STARTED_AT_ONCE }, async () => {
    for (let start = starts.shift(); start; start = starts.shift()) await start();
  });
  await Promise.all(lanes);
}

/** Of the example: one waits for the worker that stops, one for one that works, one for a sentinel that never comes. */
export async function startOrchestrators(fleet: KitFleet): Promise<void> {
  const app = `--volume=${join(process.cwd(), 'examples/pipeline')}:/examples:ro`;
  const orchestrator = (name: string, env: Readonly<Record<string, string>>, extras: Extras = {}) =>
    fleet.run({
      name,
      program: '../examples/orchestrator.py',
      env,
      ...extras,
      args: [app, ...(extras.args ?? [])],
    });
  await Promise.all([
    orchestrator('orchestrator-1', { STAGES: 'STOP', DOCUMENTS: 'work-o1' }),
    orchestrator('orchestrator-2', { STAGES: 'MAIN', DOCUMENTS: 'work-o2' }),
    orchestrator(
      'orchestrator-9',
      {
        STAGES: 'LOST',
        DOCUMENTS: 'quick-lost',
        STAGEWATCH_RABBITMQ_AMQP_URL: `${fleet.broker.amqpUrl}${LOST}`,
      },
      {
        args: ['project=lost', 'service=orchestrator', 'container-number=9'].map(
          (label) => `--label=com.docker.compose.${label}`,
        ),
        subfolder: LOST,
      },
    ),
  ]);
}
