/** The whole status screen as lines that fit its width: problems, infrastructure, flow, GPUs, workers, orchestrators, others, recovery. */

import type { Picture } from '../picture/picture.js';
import { flowRows } from './flow-rows.js';
import { otherRows } from './other-rows.js';
import { orchestratorRows, workerRows } from './people-rows.js';
import { type ProblemRoom, problemRows } from './problem-rows.js';
import { recoveryRows } from './recovery-rows.js';
import type { Row } from './rows.js';
import { fit } from './spans.js';
import { gpuRows, headRows, infrastructureRows } from './surrounding-rows.js';

export interface ScreenOptions {
  /** Columns; no line is wider. */
  readonly width: number;
  /** Problems alone, all of them in full. */
  readonly isProblemsOnly: boolean;
  /** What the picture was narrowed to, in words; whoever is left is listed one by one. Null: it is whole. */
  readonly narrowedTo: string | null;
  /** Why no newer data came. */
  readonly fault: string | null;
  /** Rows that are seen at once: the first problems shall not fill them alone. Null: it is printed on and on. */
  readonly pageRows: number | null;
}

const OTHERS_ROOM = { maxGroups: 12, maxPerGroup: 8, maxAll: 12 };
const BLANK: Row = { line: [] };
/** As many healthy ones are listed as are read at a glance. */
const MAX_HEALTHY = 20;
/** One stage in trouble must not hide the others. */
const MAX_PER_STAGE = 8;
const MAX_RESTARTS = 5;

export function renderScreen(picture: Picture, options: ScreenOptions): readonly Row[] {
  const { width, isProblemsOnly, narrowedTo, fault } = options;
  const room =
    narrowedTo !== null
      ? { width, maxHealthy: Number.POSITIVE_INFINITY, maxPerStage: Number.POSITIVE_INFINITY }
      : { width, maxHealthy: MAX_HEALTHY, maxPerStage: MAX_PER_STAGE };
  const branchOf = new Map(picture.flow.stages.map(({ id, branch }) => [id, branch]));
  const problems = problemRows(picture.problems, problemRoom(options, picture));
  const sections = isProblemsOnly
    ? [problems]
    : [
        problems,
        infrastructureRows(picture.infrastructure, width),
        flowRows(picture.flow, width),
        gpuRows(picture.gpus, width),
        workerRows(picture.workerGroups, room),
        orchestratorRows(picture.orchestrators, branchOf, room),
        otherRows(picture.others, { ...OTHERS_ROOM, width }),
        recoveryRows(picture.recovery, { width, maxRestarts: MAX_RESTARTS }),
      ];
  const rows = [headRows(picture, { width, narrowedTo, fault }), ...sections]
    .filter((section) => section.length > 0)
    .flatMap((section, index) => (index === 0 ? section : [BLANK, ...section]));
  return rows.map((row) => ({ ...row, line: fit(row.line, width) }));
}

const ROWS_A_PROBLEM = 12;
const MAX_IN_FULL = 4;

function problemRoom(
  { width, isProblemsOnly, narrowedTo, pageRows }: ScreenOptions,
  { problemCount }: Picture,
): ProblemRoom {
  const inAll = narrowedTo === null ? null : problemCount;
  if (isProblemsOnly) {
    const all = Number.POSITIVE_INFINITY;
    return { width, inFull: all, inShort: all, evidence: all, commands: all, inAll };
  }
  const inFull =
    pageRows === null
      ? MAX_IN_FULL
      : Math.max(1, Math.min(MAX_IN_FULL, Math.floor(pageRows / ROWS_A_PROBLEM)));
  return { width, inFull, inShort: 12, evidence: 3, commands: 2, inAll };
}
