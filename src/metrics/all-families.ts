/** The list of what /metrics shows of the fleet, in the order of the page. */

import { containerCountFamilies, containerFamilies } from './container-families.js';
import type { AnyFamilyGroup } from './family.js';
import { PROGRESS_FAMILY_GROUPS } from './progress-families.js';
import { sourceFamilies } from './source-families.js';

export const ALL_FAMILY_GROUPS: readonly AnyFamilyGroup[] = [
  containerFamilies,
  containerCountFamilies,
  ...PROGRESS_FAMILY_GROUPS,
  sourceFamilies,
];
