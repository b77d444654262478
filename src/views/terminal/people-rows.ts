/** Workers and orchestrators of the status screen: those in trouble on a line each, the healthy summed where there are many. */

import { formatDuration, formatShare } from '../picture/format.js';
import {
  countStatusesOf,
  type OrchestratorView,
  type WorkerGroup,
  type WorkerView,
} from '../picture/people.js';
import { type CommandContext, commandsFor } from '../picture/problem-commands.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { countSpans, heading, indented, type Row, statusSpan, type Target } from './rows.js';
import { type Column, type Line, line, span, table } from './spans.js';

/** Who is starting is on its way to be well: after a deploy they are many. */
const HEALTHY_RANK = STATUS_LOOKS.starting.rank;

/** Healthy ones are listed too while there are no more of them than this in all. */
export interface PeopleRoom {
  readonly width: number;
  readonly maxHealthy: number;
  /** Workers of one stage that are listed at most. */
  readonly maxPerStage: number;
}

const WORKER_COLUMNS: readonly Column[] = [
  { weight: 10 },
  { weight: 9, max: 36 },
  { weight: 1 },
  { weight: 8, align: 'right' },
  { weight: 7, max: 20 },
  { weight: 6, max: 24 },
  { weight: 5, max: 24 },
  { weight: 3, max: 28 },
  { weight: 2, max: 80 },
];

export function workerRows(groups: readonly WorkerGroup[], room: PeopleRoom): readonly Row[] {
  const all = groups.flatMap(({ workers }) => workers);
  if (all.length === 0) return [];
  const isListed = createChoice(all, room.maxHealthy);
  const listed = groups.flatMap(({ workers }) => workers.filter(isListed).slice(0, room.maxPerStage));
  const lines = new Map(
    table(listed.map(workerCells), WORKER_COLUMNS, room.width - 4).map((text, index) => [
      listed[index],
      text,
    ]),
  );
  const sums = table(
    groups.map(({ label, counts }) => [[span(label)], countSpans(counts, 'words')]),
    [{ weight: 2, max: 30 }, { weight: 1 }],
    room.width - 2,
  );
  return [
    heading(`WORKERS (${all.length})`, all.some((one) => !isListed(one)) ? 'healthy ones are summed' : ''),
    ...groups.flatMap((group, index) => [
      { line: indented(sums[index] ?? []) },
      ...group.workers.flatMap((worker): readonly Row[] => {
        const text = lines.get(worker);
        return text ? [{ line: indented(text, 2), target: workerTarget(worker) }] : [];
      }),
      ...moreRows(group, isListed, room.maxPerStage),
    ]),
  ];
}

function moreRows(
  { workers, stage }: WorkerGroup,
  isListed: (one: WorkerView) => boolean,
  maxPerStage: number,
): readonly Row[] {
  const more = workers.filter(isListed).slice(maxPerStage);
  if (more.length === 0) return [];
  const hint = stage === null ? '' : `: stagewatch status --stage ${stage}`;
  const note = span(` more${hint}`, 'dim');
  return [{ line: indented([span('and ', 'dim'), ...countSpans(countStatusesOf(more), 'words'), note], 2) }];
}

function createChoice(
  people: readonly { readonly status: keyof typeof STATUS_LOOKS }[],
  maxHealthy: number,
): (one: { readonly status: keyof typeof STATUS_LOOKS }) => boolean {
  const isHealthy = ({ status }: { readonly status: keyof typeof STATUS_LOOKS }): boolean =>
    STATUS_LOOKS[status].rank >= HEALTHY_RANK;
  const hasRoom = people.filter(isHealthy).length <= maxHealthy;
  return (one) => hasRoom || !isHealthy(one);
}

function workerCells(worker: WorkerView): readonly Line[] {
  const { status, container, id, forMs, document, jobForMs, restarts, reason } = worker;
  return [
    [statusSpan(status)],
    [span(container, STATUS_LOOKS[status].rank < HEALTHY_RANK ? 'bold' : undefined)],
    [span(id ?? '', 'dim')],
    [span(forMs === null ? '' : formatDuration(forMs))],
    [span(document ?? '')],
    stepCell(worker),
    gpuCell(worker),
    [
      span(
        restarts === null
          ? jobForMs === null
            ? ''
            : `job ${formatDuration(jobForMs)}`
          : restartWords(restarts),
      ),
    ],
    [span(reason ?? '', 'dim')],
  ];
}

/** `GPU 1, 63 % full`: the memory is all of the GPU's, not the worker's own. */
function gpuCell({ gpu, gpuMemory }: WorkerView): Line {
  if (gpu === null) return [span('')];
  if (gpuMemory === null) return [span(`GPU ${gpu}`)];
  const share = formatShare(gpuMemory.usedBytes / gpuMemory.totalBytes);
  return line(`GPU ${gpu}`, span(`, ${share} full`, 'dim'));
}

/** `page 12 of 40  30 %`. */
function stepCell({ done, total, unit, ratio, message }: WorkerView): Line {
  if (done === null) return [span(message ?? '', 'dim')];
  const what = unit === null ? '' : `${unit} `;
  if (total === null) return [span(`${what}${done}`)];
  return line(`${what}${done} of ${total}`, span(ratio === null ? '' : ` ${formatShare(ratio)}`, 'dim'));
}

function restartWords({ decision, used, budget }: NonNullable<WorkerView['restarts']>): string {
  if (used === null || budget === null) return `recovery: ${decision}`;
  return `${decision}, ${Math.max(0, budget - used)} of ${budget} left`;
}

function workerTarget(worker: WorkerView): Target {
  const { container, reason, restarts, status } = worker;
  const finding = { id: container, kind: KIND_OF[status] ?? '', severity: 'info', container };
  return {
    key: `worker ${container}`,
    title: container,
    details: [reason ?? '', restarts?.text ?? '', restarts?.cost ?? ''].filter((text) => text !== ''),
    commands: commandsFor(finding, contextOf(status, [])),
  };
}

/** Whose commands help with a worker of this status. */
const KIND_OF: Readonly<Record<string, string>> = {
  stuck: 'WorkerStuck',
  starved: 'WorkerStarved',
};

/** Of one who is down the state is not known here: no command is offered that needs one. */
function contextOf(status: string, culprits: readonly string[]): CommandContext {
  return {
    brokerContainer: null,
    isBrokerRunning: false,
    sourceTarget: null,
    progressFolder: null,
    isKnown: true,
    state: status === 'down' || status === 'unknown' ? null : 'running',
    supervisor: null,
    needsForce: false,
    culprits,
  };
}

const ORCHESTRATOR_COLUMNS: readonly Column[] = [
  { weight: 10 },
  { weight: 9, max: 30 },
  { weight: 8, max: 44 },
  { weight: 7, max: 24 },
  { weight: 5, align: 'right' },
  { weight: 4, max: 20 },
  { weight: 3, max: 90 },
];

export function orchestratorRows(
  orchestrators: readonly OrchestratorView[],
  branchOf: ReadonlyMap<string, string | null>,
  room: PeopleRoom,
): readonly Row[] {
  if (orchestrators.length === 0) return [];
  const isListed = createChoice(orchestrators, room.maxHealthy);
  const listed = orchestrators.filter(isListed);
  const lines = table(
    listed.map((one) => orchestratorCells(one, branchOf)),
    ORCHESTRATOR_COLUMNS,
    room.width - 2,
  );
  return [
    heading(
      `ORCHESTRATORS (${orchestrators.length})`,
      orchestrators.length > listed.length ? 'healthy ones are summed' : '',
    ),
    ...lines.flatMap((text, index): readonly Row[] => {
      const one = listed[index];
      return one ? [{ line: indented(text), target: orchestratorTarget(one) }] : [];
    }),
    ...sumRows(
      orchestrators.filter((one) => !isListed(one)),
      room.width,
    ),
  ];
}

/** `● 3 active  ◍ 74 waiting: 40 at G5_02, 21 at G4_00, …`. */
function sumRows(summed: readonly OrchestratorView[], width: number): readonly Row[] {
  if (summed.length === 0) return [];
  const places = new Map<string, number>();
  for (const { stage } of summed) if (stage !== null) places.set(stage, (places.get(stage) ?? 0) + 1);
  const list = [...places]
    .toSorted(([, one], [, other]) => other - one)
    .map(([stage, count]) => `${count} at ${stage}`)
    .join(', ');
  const cells = [[countSpans(countStatusesOf(summed), 'words'), [span(list, 'dim')]]];
  return table(cells, [{ weight: 2 }, { weight: 1 }], width - 2).map((text) => ({ line: indented(text) }));
}

function orchestratorCells(
  { status, container, dots, stage, stageLabel, forMs, document, reason }: OrchestratorView,
  branchOf: ReadonlyMap<string, string | null>,
): readonly Line[] {
  return [
    [statusSpan(status)],
    [span(container, STATUS_LOOKS[status].rank < HEALTHY_RANK ? 'bold' : undefined)],
    dotSpans(dots),
    [span(placeWords(status, stage, stageLabel, branchOf))],
    [span(forMs === null ? '' : formatDuration(forMs))],
    [span(document ?? '')],
    [span(reason ?? '', 'dim')],
  ];
}

/** `G5_00 [D:Tables]`. */
function placeWords(
  status: string,
  stage: string | null,
  label: string | null,
  branchOf: ReadonlyMap<string, string | null>,
): string {
  if (status === 'done') return '[done]';
  if (stage === null) return '';
  const name = (label ?? stage).slice(stage.length).trim();
  const branch = branchOf.get(stage) ?? null;
  const inside = [branch, name].filter((part) => part !== null && part !== '').join(':');
  return inside === '' ? stage : `${stage} [${inside}]`;
}

function dotSpans(dots: string): Line {
  return Array.from(dots, (dot) => span(dot, dot === '◉' ? 'waiting' : dot === '●' ? 'active' : 'dim'));
}

function orchestratorTarget({ container, reason, waitsFor, status }: OrchestratorView): Target {
  const worst = waitsFor?.workers.slice(0, 3).map((one) => `${one.container} (${one.status})`);
  return {
    key: `orchestrator ${container}`,
    title: container,
    details: [
      reason ?? '',
      worst && worst.length > 0 ? `serve ${waitsFor?.stage}: ${worst.join(', ')}` : '',
    ].filter((text) => text !== ''),
    commands: commandsFor(
      { id: container, kind: 'OrchestratorStuck', severity: 'info', container },
      contextOf(
        status,
        (waitsFor?.workers ?? [])
          .filter((one) => one.status === 'stuck' || one.status === 'down')
          .map((one) => one.container),
      ),
    ),
  };
}
