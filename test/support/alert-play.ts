/** Plays the book of alerts in time: findings that are open at a moment, and what is decided and sent then. */

import { reviewAlerts } from '../../src/alerting/alert-book.js';
import { type AlertMemory, NO_MEMORY, readMemory } from '../../src/alerting/alert-memory.js';
import type { AlertSettings } from '../../src/alerting/alert-settings.js';
import { withoutNotification } from '../../src/alerting/outbox.js';
import type { Finding } from '../../src/detectors/finding.js';
import { findingOf, settingsWith, T0 } from './alert-findings.js';

export interface Play {
  readonly memory: AlertMemory;
  /** Judges at so long after the beginning; what is decided is delivered at once, unless told otherwise. */
  at(afterMs: number, open: readonly Finding[], more?: { readonly silenced?: readonly string[] }): string;
  /** Everything decided so far, as `reason kind n`. */
  readonly sent: readonly string[];
  isDelivering: boolean;
  deliverAll(): void;
  restart(): void;
  use(settings: AlertSettings): void;
}

export function play(given: AlertSettings = settingsWith()): Play {
  let settings = given;
  let memory = NO_MEMORY;
  const sent: string[] = [];
  const run: Play = {
    get memory() {
      return memory;
    },
    sent,
    isDelivering: true,
    deliverAll() {
      memory = { ...memory, outbox: [] };
    },
    at(afterMs, open, { silenced = [] } = {}) {
      const outcome = reviewAlerts(memory, {
        findings: new Map(open.map((finding) => [finding.id, finding])),
        isSilenced: ({ id }) => silenced.includes(id),
        settings,
        nowMs: T0 + afterMs,
        isUnderWay: () => false,
      });
      memory = outcome.memory;
      for (const { id, reason, kind, findingCount } of outcome.decided) {
        sent.push(`${reason} ${kind} ${findingCount}`);
        if (run.isDelivering) memory = { ...memory, outbox: withoutNotification(memory.outbox, id) };
      }
      return outcome.standings
        .map(({ decision: { kind, reason } }) => (kind === 'send' ? reason : `none:${reason}`))
        .join(' ');
    },
    restart() {
      memory = readMemory(JSON.parse(JSON.stringify(memory)));
    },
    use(next) {
      settings = next;
    },
  };
  return run;
}

export const stuck = (number = 0, more: Partial<Finding> = {}): Finding =>
  findingOf('WorkerStuck', `paddle-worker-gpu1-${number}`, more);
