/** The list of what /metrics shows of the fleet, in the order of the page. */

import { containerCountFamilies, containerFamilies } from './container-families.js';
import type { AnyFamilyGroup } from './family.js';
import { sentinelDelayFamilies, stageSentinelFamilies } from './sentinel-families.js';
import { sourceFamilies } from './source-families.js';

export const ALL_FAMILY_GROUPS: readonly AnyFamilyGroup[] = [
  containerFamilies,
  containerCountFamilies,
  stageSentinelFamilies,
  sentinelDelayFamilies,
  sourceFamilies,
];
