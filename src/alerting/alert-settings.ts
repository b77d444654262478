/** The part of the configuration that notifications read. */

import type { Config } from '../config/schema.js';

export type AlertSettings = Pick<Config, 'alerts' | 'stages'>;
