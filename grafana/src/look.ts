/** The one vocabulary of status and severity: word, shape and colour, as the terminal, the page and the mails use it. */

import type { Severity } from '../../src/detectors/finding.js';
import type { WorkerStatus } from '../../src/detectors/verdicts.js';

/** One shade for light and dark, so each stands out from both: a test measures it. */
export const COLORS = {
  good: '#128a68',
  calm: '#7d8594',
  starting: '#5b94d6',
  waiting: '#4a7fc4',
  attention: '#b9770e',
  starved: '#b05fa9',
  bad: '#e2530f',
  /** Grafana's own: dark on light, light on dark. Facts that are neither good nor bad, and what is down. */
  text: 'text',
} as const;

/** Grafana's unit for counts: exact, in groups of three, never `9.05 K`. */
export const COUNT = 'locale';
/** `1 d 02:03:04`: a duration to the second, without milliseconds. */
export const CLOCK = 'dtdhms';

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
  down: { shape: '■', color: COLORS.text, rank: 7 },
  stuck: { shape: '✖', color: COLORS.bad, rank: 8 },
};

export const SEVERITY_LOOK: Readonly<Record<Severity, { readonly shape: string; readonly color: string }>> = {
  critical: { shape: '▲', color: COLORS.bad },
  warning: { shape: '◆', color: COLORS.attention },
  info: { shape: '▪', color: COLORS.waiting },
};

interface XidLook {
  readonly text: string;
  /** `hardware`: the GPU needs a reset or a hand; `program`: the fault of what ran on it. */
  readonly fault: 'hardware' | 'program';
}

/** What the number of an XID says, for those an operator meets. */
export const XID_LOOK: Readonly<Record<string, XidLook>> = {
  '13': { text: 'illegal access by a program', fault: 'program' },
  '31': { text: 'memory page fault by a program', fault: 'program' },
  '43': { text: 'processing stopped by a program', fault: 'program' },
  '45': { text: 'cleared after a program', fault: 'program' },
  '48': { text: 'double-bit ECC error', fault: 'hardware' },
  '63': { text: 'row remapping recorded', fault: 'hardware' },
  '64': { text: 'row remapping failed', fault: 'hardware' },
  '74': { text: 'NVLink error', fault: 'hardware' },
  '79': { text: 'fell off the bus', fault: 'hardware' },
  '92': { text: 'many single-bit ECC errors', fault: 'hardware' },
  '94': { text: 'contained ECC error', fault: 'hardware' },
  '95': { text: 'uncontained ECC error', fault: 'hardware' },
  '119': { text: 'GSP firmware timed out', fault: 'hardware' },
  '120': { text: 'GSP firmware error', fault: 'hardware' },
};
