/** The closed set of why reads of the outside fail. */

/** Why a read failed, from a closed set: it is a label of `stagewatch_source_failures_total`. */
export const FAILURE_REASONS = [
  'unreachable',
  'permission',
  'timeout',
  'interrupted',
  'rejected',
  'protocol',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
