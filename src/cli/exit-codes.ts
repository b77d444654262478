/** What the process ends with, the same for every command. */

export const EXIT_CODES = {
  ok: 0,
  badStart: 1,
  problems: 1,
  failed: 1,
  badConfiguration: 2,
  badUsage: 2,
  unreachable: 3,
} as const;
