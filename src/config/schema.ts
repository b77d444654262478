/** The one place of every option: its name, type, default and a sentence on what it does. */

import { z } from 'zod';
import { alertsSection } from './alerts-section.js';
import { dcgmSection } from './dcgm-section.js';
import { detectionSection } from './detection-section.js';
import { dockerSection } from './docker-section.js';
import { gpuProcessesSection } from './gpu-processes-section.js';
import { listenOption } from './listen-option.js';
import { logsSection } from './logs-section.js';
import { oneOf } from './option-types.js';
import { progressSection } from './progress-section.js';
import { rabbitmqSection } from './rabbitmq-section.js';
import { recoverySection } from './recovery-section.js';
import { sentinelsSection } from './sentinels-section.js';
import { infrastructureOption, orchestratorsOption, stagesSection } from './stages-section.js';
import { webSection } from './web-section.js';

export const configSchema = z.strictObject(
  {
    listen: listenOption,
    data_dir: z
      .string({ error: () => 'expected a path' })
      .min(1, { error: () => 'expected a path' })
      .default('./stagewatch-data')
      .meta({
        valueType: 'path',
        description: 'Folder of what the daemon remembers. Made if it is missing.',
      }),
    docker: dockerSection,
    dcgm: dcgmSection,
    gpu_processes: gpuProcessesSection,
    rabbitmq: rabbitmqSection,
    progress: progressSection,
    sentinels: sentinelsSection,
    logs: logsSection,
    orchestrators: orchestratorsOption,
    infrastructure: infrastructureOption,
    stages: stagesSection,
    detection: detectionSection,
    alerts: alertsSection,
    recovery: recoverySection,
    web: webSection,
    log: z
      .strictObject({
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info').meta({
          description: 'The least severe entries that are logged.',
        }),
        format: oneOf(['auto', 'text', 'json'], 'auto').meta({
          description: 'Lines for people (text) or machines (json). Auto: text on a terminal, else json.',
        }),
      })
      .prefault({}),
  },
  { error: () => 'expected a mapping of options, like "listen: 127.0.0.1:9847"' },
);

export type Config = z.output<typeof configSchema>;
