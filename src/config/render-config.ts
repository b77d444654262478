/** Writes a configuration as YAML, for people to read and change. */

import { stringify } from 'yaml';

export function renderConfig(config: object): string {
  return stringify(config, { lineWidth: 0 });
}
