/** What the process ends with, the same for every command. */

export const EXIT_CODES = { ok: 0, badStart: 1, badConfiguration: 2 } as const;
