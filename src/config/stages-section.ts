/** Options that say which containers belong to the pipeline and which stage each worker serves. */

import { z } from 'zod';
import { globs, optionalDuration, optionalFlag, optionalText, show } from './option-types.js';

const requiredId = z
  .string({ error: (issue) => `expected a stage id like G3_02, got ${show(issue.input)}` })
  .min(1, { error: () => 'expected a stage id like G3_02, got an empty text' })
  .meta({ valueType: 'text', description: 'The id of the stage, as it stands in labels, queues and files.' });

const stage = z.strictObject({
  id: requiredId,
  name: optionalText('a name').meta({ description: 'What people call the stage.' }),
  branch: optionalText('a branch').meta({ description: 'The branch of the DAG that the stage is on.' }),
  queue: optionalText('a queue').meta({
    description: 'The RabbitMQ queue that the stage’s jobs wait in.',
  }),
  workers: globs([]).meta({
    description: 'Containers, their services or `service-number` that serve the stage, as name patterns.',
  }),
  stall_after: optionalDuration({ atLeast: '10s', atMost: '12h' }).meta({
    description:
      'The stage’s own limit of time without progress. Null: its learned pace, else `detection.stall_after`.',
  }),
  livelock_after: optionalDuration({ atLeast: '1m', atMost: '48h' }).meta({
    description:
      'The stage’s own limit of time without progress while busy. Null: `detection.livelock_after`.',
  }),
  max_job: optionalDuration({ atLeast: '1m', atMost: '30d' }).meta({
    description: 'How long a job of the stage may take at most. Null: `detection.max_job`.',
  }),
  redelivers: optionalFlag().meta({
    description:
      'Whether the message of a job is delivered again when its worker dies. Null: as the broker tells.',
  }),
  on_stuck: z
    .enum(['restart', 'notify'], { error: () => 'expected restart or notify' })
    .nullable()
    .default(null)
    .meta({
      valueType: 'restart or notify',
      description:
        'What recovery does about a stuck worker of the stage: restart it, or only tell people what it found. Null: restart ' +
        'where its own progress shows that it is stuck, and notify where only broker and kernel do.',
    }),
});

/** Also beside other faults, so that all are named at once; what is checked may then be malformed. */
const RUNS_ALWAYS = { when: ({ value }: { value: unknown }) => Array.isArray(value) };

export const stagesSection = z
  .array(stage, { error: () => 'expected a list of stages, each with at least an id' })
  .superRefine((stages, context) => {
    const seen = new Set<unknown>();
    stages.forEach((entry, index) => {
      const id = entry?.id;
      if (seen.has(id)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'id'],
          message: `stage id ${show(id)} is used twice`,
        });
      }
      seen.add(id);
    });
  }, RUNS_ALWAYS)
  .prefault([])
  .meta({
    valueType: 'list of stages',
    description: 'The stages in DAG order. None: every worker service is a stage of its own.',
  });

export const orchestratorsOption = globs('orchestrator-*').meta({
  description: 'Containers, their services or `service-number` that are orchestrators, as name patterns.',
});

export const infrastructureOption = z
  .record(z.string().min(1), globs(), {
    error: () => 'expected names with a pattern each, like {RabbitMQ: "*rabbitmq*"}',
  })
  .prefault({ RabbitMQ: '*rabbitmq*', GROBID: '*grobid*' })
  .meta({
    valueType: 'map of name to pattern',
    description:
      'Containers that the pipeline depends on: a name to show and a name pattern (or a list) each.',
  });

export type StageConfig = z.output<typeof stage>;
