/** The one vocabulary of status and severity: word, shape and colour, as the terminal, the page and the mails use it. */

import type { Severity } from '../../src/detectors/finding.js';
import type { WorkerStatus } from '../../src/detectors/verdicts.js';

export const COLORS = {
  good: '#1a9e78',
  calm: '#808896',
  starting: '#7fb0ee',
  waiting: '#4a83cc',
  attention: '#e6a532',
  starved: '#b76bb0',
  bad: '#f2611f',
  /** The colour of text: dark on light, light on dark. */
  down: 'text',
} as const;

interface StatusLook {
  readonly shape: string;
  readonly color: string;
  /** Number in a series that tells a status: the worse, the greater, so that the worst of several is their maximum. */
  readonly rank: number;
}

export const WORKER_LOOK: Readonly<Record<WorkerStatus, StatusLook>> = {
  idle: { shape: '○', color: COLORS.calm, rank: 1 },
  active: { shape: '●', color: COLORS.good, rank: 2 },
  starting: { shape: '◌', color: COLORS.starting, rank: 3 },
  unknown: { shape: '?', color: 'transparent', rank: 4 },
  slow: { shape: '◐', color: COLORS.attention, rank: 5 },
  starved: { shape: '◎', color: COLORS.starved, rank: 6 },
  down: { shape: '■', color: COLORS.down, rank: 7 },
  stuck: { shape: '✖', color: COLORS.bad, rank: 8 },
};

export const SEVERITY_LOOK: Readonly<Record<Severity, { readonly shape: string; readonly color: string }>> = {
  critical: { shape: '▲', color: COLORS.bad },
  warning: { shape: '◆', color: COLORS.attention },
  info: { shape: '▪', color: COLORS.waiting },
};

/** What the number of an XID says, for those an operator meets. */
export const XID_WORDS: Readonly<Record<string, string>> = {
  '13': '13 · program: illegal access',
  '31': '31 · program: memory page fault',
  '43': '43 · program: GPU stopped processing',
  '45': '45 · program: preemptive cleanup',
  '48': '48 · double-bit ECC error',
  '63': '63 · row remapping recorded',
  '64': '64 · row remapping failed',
  '74': '74 · NVLink error',
  '79': '79 · fell off the bus',
  '92': '92 · many single-bit ECC errors',
  '94': '94 · contained ECC error',
  '95': '95 · uncontained ECC error',
  '119': '119 · GSP firmware timed out',
  '120': '120 · GSP firmware error',
};
