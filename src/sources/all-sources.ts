/** The list of sources: which ones a configuration asks for, and which key would add each that it does not. */

import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { SourceName } from '../fleet/model.js';
import { createDcgmSource } from './dcgm/dcgm-source.js';
import { createDockerSource } from './docker/docker-source.js';
import { findEngineAddress } from './docker/engine-address.js';
import { createGpuProcessesSource } from './gpu-processes/gpu-processes-source.js';
import { createSmiWay } from './gpu-processes/smi-ways.js';
import { createProgressSource } from './progress/progress-source.js';
import { createRabbitmqSource } from './rabbitmq/rabbitmq-source.js';
import { createSentinelsSource } from './sentinels/sentinels-source.js';
import type { Source, SourceContext } from './source.js';

export type SourcePlan =
  | {
      readonly kind: 'watched';
      readonly name: SourceName;
      readonly create: (context: SourceContext) => Source;
      /** Options beside its own section that it is created from: a change of them starts it anew. */
      readonly alsoReads?: readonly (keyof Config)[];
    }
  /** Not asked for: `remedy` is what would add it. */
  | { readonly kind: 'absent'; readonly name: SourceName; readonly remedy: string }
  | { readonly kind: 'faulty'; readonly name: SourceName; readonly problem: string };

export function planSources(config: Config, env: Environment): readonly SourcePlan[] {
  return [
    planDocker(config, env),
    planRabbitmq(config),
    planProgress(config),
    planSentinels(config),
    planDcgm(config),
    planGpuProcesses(config, env),
  ];
}

function planDocker(config: Config, env: Environment): SourcePlan {
  if (!config.docker.enabled) {
    return { kind: 'absent', name: 'docker', remedy: 'set docker.enabled to true to watch containers' };
  }
  const found = findEngineAddress(config.docker, env);
  if (found.kind === 'faulty') return { kind: 'faulty', name: 'docker', problem: found.problem };
  const { address } = found;
  const { restart_host } = config.docker;
  const restarter =
    restart_host === null ? found : findEngineAddress({ ...config.docker, host: restart_host }, env);
  return {
    kind: 'watched',
    name: 'docker',
    alsoReads: ['logs'],
    create: (context) =>
      createDockerSource(
        {
          address,
          config: config.docker,
          logs: config.logs,
          ...(restarter.kind === 'ok' && { restarter: restarter.address }),
        },
        context,
      ),
  };
}

function planDcgm({ dcgm }: Config): SourcePlan {
  const { url } = dcgm;
  if (url === null) {
    const remedy = 'set dcgm.url to a dcgm-exporter (http://localhost:9400) to watch GPUs';
    return { kind: 'absent', name: 'dcgm', remedy };
  }
  return {
    kind: 'watched',
    name: 'dcgm',
    create: (context) => createDcgmSource({ url, config: dcgm }, context),
  };
}

function planGpuProcesses(config: Config, env: Environment): SourcePlan {
  const { gpu_processes, docker } = config;
  const { command, file, url } = gpu_processes;
  if (command === null && file === null && url === null) {
    const remedy = 'set gpu_processes.command to nvidia-smi to see the GPU memory of each container';
    return { kind: 'absent', name: 'gpu_processes', remedy };
  }
  const found = docker.enabled ? findEngineAddress(docker, env) : undefined;
  return {
    kind: 'watched',
    name: 'gpu_processes',
    alsoReads: ['docker'],
    create: (context) =>
      createGpuProcessesSource(
        {
          way: createSmiWay(gpu_processes, context.clock),
          config: gpu_processes,
          ...(found?.kind === 'ok' && { engine: found.address }),
        },
        context,
      ),
  };
}

function planRabbitmq({ rabbitmq, stages }: Config): SourcePlan {
  const { amqp_url, metrics_url, management_url } = rabbitmq;
  if (amqp_url === null && metrics_url === null && management_url === null) {
    const remedy = 'set rabbitmq.amqp_url, rabbitmq.metrics_url or rabbitmq.management_url';
    return { kind: 'absent', name: 'rabbitmq', remedy };
  }
  return {
    kind: 'watched',
    name: 'rabbitmq',
    alsoReads: ['stages'],
    create: (context) => createRabbitmqSource({ config: rabbitmq, stages }, context),
  };
}

function planProgress({ progress }: Config): SourcePlan {
  const { directory, interval, stall_limit } = progress;
  if (directory === null) {
    return {
      kind: 'absent',
      name: 'progress',
      remedy: 'set progress.directory to the folder of the progress files',
    };
  }
  return {
    kind: 'watched',
    name: 'progress',
    create: (context) =>
      createProgressSource({ directory, intervalMs: interval, stallLimitMs: stall_limit }, context),
  };
}

function planSentinels({ sentinels, stages }: Config): SourcePlan {
  const { root } = sentinels;
  if (root === null) {
    return {
      kind: 'absent',
      name: 'sentinels',
      remedy: 'set sentinels.root to the folder of the artifacts to count successes and failures',
    };
  }
  const options = { config: { ...sentinels, root }, stages: stages.map(({ id }) => id) };
  return {
    kind: 'watched',
    name: 'sentinels',
    alsoReads: ['stages'],
    create: (context) => createSentinelsSource(options, context),
  };
}
