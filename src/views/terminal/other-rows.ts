/** The containers that are no part of the pipeline: a line each project with counts, and those in trouble. */

import { formatCount, formatNumbered } from '../picture/format.js';
import { type OtherGroup, type OthersView, type OtherView, sayOther } from '../picture/others.js';
import { logsCommands } from '../picture/problem-commands.js';
import { countSpans, heading, indented, type Row, statusSpan } from './rows.js';
import { span, table } from './spans.js';

export interface OthersRoom {
  readonly width: number;
  readonly maxGroups: number;
  readonly maxPerGroup: number;
  /** So few are listed all, well or not. */
  readonly maxAll: number;
}

export function otherRows({ groups, count, leftOut }: OthersView, room: OthersRoom): readonly Row[] {
  if (groups.length === 0) return [];
  const shown = groups.slice(0, room.maxGroups);
  const isAll = count <= room.maxAll;
  const listed = shown.map((group) =>
    group.containers.filter(({ isNotable }) => isAll || isNotable).slice(0, room.maxPerGroup),
  );
  const lines = new Map(
    table(
      listed
        .flat()
        .map((other) => [[statusSpan(other.status)], [span(other.container)], [span(sayOther(other))]]),
      [{ weight: 10 }, { weight: 9, max: 40 }, { weight: 8 }],
      room.width - 4,
    ).map((text, index) => [listed.flat()[index], text]),
  );
  const sums = table(
    shown.map((group) => [[span(group.label)], countSpans(group.counts, 'words')]),
    [{ weight: 2, max: 30 }, { weight: 1 }],
    room.width - 2,
  );
  return [
    heading(
      `OTHER CONTAINERS (${formatCount(count)})`,
      'no part of the pipeline: stages[].workers or labels say who is',
    ),
    ...shown.flatMap((group, index) => [
      { line: indented(sums[index] ?? []) },
      ...(listed[index] ?? []).flatMap((other) => otherRow(other, lines)),
      ...moreRow(group, listed[index] ?? [], isAll),
    ]),
    ...restRow(groups.length - shown.length, leftOut),
  ];
}

function otherRow(other: OtherView, lines: ReadonlyMap<OtherView | undefined, Row['line']>): readonly Row[] {
  const text = lines.get(other);
  if (!text) return [];
  const { container } = other;
  const target = {
    key: `other ${container}`,
    title: container,
    details: [sayOther(other)],
    commands: logsCommands(container),
  };
  return [{ line: indented(text, 2), target }];
}

function moreRow({ containers }: OtherGroup, listed: readonly OtherView[], isAll: boolean): readonly Row[] {
  const notable = containers.filter(({ isNotable }) => isAll || isNotable).length;
  const more = notable - listed.length;
  return more > 0 ? [{ line: indented([span(`and ${formatCount(more)} more`, 'dim')], 2) }] : [];
}

function restRow(groups: number, leftOut: number): readonly Row[] {
  const parts = [
    groups > 0 ? `${formatNumbered(groups, 'project')} more` : '',
    leftOut > 0 ? `${formatNumbered(leftOut, 'container')} more` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? [] : [{ line: indented([span(`and ${parts.join(', ')}`, 'dim')]) }];
}
