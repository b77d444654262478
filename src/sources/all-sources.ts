/** The list of sources: which ones a configuration asks for, and which key would add each that it does not. */

import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { SourceName } from '../fleet/model.js';
import { createDockerSource } from './docker/docker-source.js';
import { findEngineAddress } from './docker/engine-address.js';
import { createSentinelsSource } from './sentinels/sentinels-source.js';
import type { Source, SourceContext } from './source.js';

export type SourcePlan =
  | {
      readonly kind: 'watched';
      readonly name: SourceName;
      readonly create: (context: SourceContext) => Source;
    }
  /** Not asked for: `remedy` is what would add it. */
  | { readonly kind: 'absent'; readonly name: SourceName; readonly remedy: string }
  | { readonly kind: 'faulty'; readonly name: SourceName; readonly problem: string };

export function planSources(config: Config, env: Environment): readonly SourcePlan[] {
  return [planDocker(config, env), planSentinels(config)];
}

function planDocker(config: Config, env: Environment): SourcePlan {
  const found = findEngineAddress(config.docker, env);
  if (found.kind === 'faulty') return { kind: 'faulty', name: 'docker', problem: found.problem };
  const { address } = found;
  return {
    kind: 'watched',
    name: 'docker',
    create: (context) => createDockerSource({ address, config: config.docker }, context),
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
    create: (context) => createSentinelsSource(options, context),
  };
}
