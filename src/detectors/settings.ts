/** The part of the configuration that detection reads. */

import type { Config } from '../config/schema.js';

export type DetectionSettings = Pick<Config, 'detection' | 'stages' | 'logs'>;
