/** What recovery may do and has done, on the status screen. */

import { formatAgo, formatDuration, formatNumbered } from '../picture/format.js';
import type { RecoveryView } from '../picture/recovery.js';
import type { InkName } from './ink-name.js';
import { heading, indented, type Row } from './rows.js';
import { type Line, line, span, table } from './spans.js';

const RESULT_INKS: Readonly<Record<string, InkName>> = {
  recovered: 'active',
  not_recovered: 'stuck',
  failed: 'stuck',
  dry_run: 'waiting',
};

export function recoveryRows(
  recovery: RecoveryView | null,
  room: { readonly width: number; readonly maxRestarts: number },
): readonly Row[] {
  if (recovery === null) return [];
  const spent = recovery.stageBudgets.filter(({ remaining }) => remaining === 0).map(({ stage }) => stage);
  const cells = recovery.recent
    .slice(0, room.maxRestarts)
    .map(({ container, result, agoMs, by, why }): readonly Line[] => [
      [span(agoMs === null ? '' : formatAgo(agoMs), 'dim')],
      [span(container)],
      [span(result.replaceAll('_', ' '), RESULT_INKS[result] ?? 'unknown')],
      [span(by === null ? '' : `by ${by}`, 'dim')],
      [span(why ?? '', 'dim')],
    ]);
  const columns = [
    { weight: 3 },
    { weight: 5, max: 36 },
    { weight: 4 },
    { weight: 1, max: 20 },
    { weight: 2 },
  ];
  const left = recovery.recent.length - cells.length;
  return [
    heading('RECOVERY', recovery.text),
    ...(spent.length === 0
      ? []
      : [{ line: indented(line(span(`no restarts left for ${spent.join(', ')}`, 'slow'))) }]),
    ...recovery.inFlight.map(({ container, forMs }) => ({
      line: indented(
        line(
          span(
            `restarting ${container}${forMs === null ? '' : `, for ${formatDuration(forMs)}`}`,
            'starting',
          ),
        ),
      ),
    })),
    ...table(cells, columns, room.width - 2).map((text) => ({ line: indented(text) })),
    ...(left > 0
      ? [{ line: indented(line(span(`${formatNumbered(left, 'earlier restart')} not shown`, 'dim'))) }]
      : []),
  ];
}
