/** Narrows a picture to one stage, one GPU or what contains some text; the sentence stays that of the whole. */

import type { OthersView } from '../picture/others.js';
import { countStatusesOf, groupByStage } from '../picture/people.js';
import type { Picture } from '../picture/picture.js';
import type { Problem } from '../picture/problems.js';

export interface Narrowing {
  readonly stage: string | null;
  readonly gpu: string | null;
  /** In any letter case; empty: all. */
  readonly text: string;
}

export const NOT_NARROWED: Narrowing = { stage: null, gpu: null, text: '' };

/** In words; null: nothing is narrowed. */
export function describeNarrowing({ stage, gpu, text }: Narrowing): string | null {
  const parts = [
    stage === null ? '' : `stage ${stage}`,
    gpu === null ? '' : `GPU ${gpu}`,
    text === '' ? '' : `what contains “${text}”`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join(', ');
}

/** Ids of stages are told apart whatever their letter case. */
export function isSameName(one: string | null, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

export function narrowPicture(picture: Picture, narrowing: Narrowing): Picture {
  if (describeNarrowing(narrowing) === null) return picture;
  const { stage, gpu } = narrowing;
  const isSought = (...texts: readonly (string | null)[]): boolean =>
    texts.some((text) => text?.toLowerCase().includes(narrowing.text.toLowerCase()) ?? false);
  const isOfStage = (id: string | null): boolean => stage === null || isSameName(id, stage);
  const workers = picture.workers.filter(
    (worker) =>
      isOfStage(worker.stage) &&
      (gpu === null || worker.gpu === gpu) &&
      isSought(worker.container, worker.stageLabel, worker.document, worker.status),
  );
  const orchestrators = picture.orchestrators.filter(
    (one) =>
      isOfStage(one.stage) &&
      gpu === null &&
      isSought(one.container, one.stageLabel, one.document, one.status),
  );
  const isOfProblem = (problem: Problem): boolean =>
    isOfStage(problem.stage) &&
    (gpu === null || problem.gpu === gpu) &&
    isSought(problem.who, problem.kind, problem.where, problem.document, problem.summary);
  const stagesLeft = new Set(workers.map((worker) => worker.stage));
  const stages = picture.flow.stages.filter(({ id }) =>
    stage === null ? stagesLeft.has(id) : isOfStage(id),
  );
  const rows = picture.flow.rows
    .map((row) => ({ ...row, stages: row.stages.filter((card) => stages.includes(card)) }))
    .filter((row) => row.stages.length > 0);
  return {
    ...picture,
    problems: picture.problems.filter((one) => isOfProblem(one) || one.consequences.some(isOfProblem)),
    infrastructure: [],
    flow: { rows, stages, bottleneck: stages.find(({ bottleneck }) => bottleneck !== null) ?? null },
    gpus: picture.gpus.filter(({ name }) =>
      gpu === null ? workers.some((one) => one.gpu === name) : name === gpu,
    ),
    workers,
    workerGroups: groupByStage(
      workers,
      stages.map(({ id }) => id),
    ),
    orchestrators,
    others: narrowOthers(picture.others, narrowing, isSought),
    recovery: null,
  };
}

/** They serve no stage, and are on no GPU. */
function narrowOthers(
  { groups }: OthersView,
  { stage, gpu }: Narrowing,
  isSought: (...texts: readonly (string | null)[]) => boolean,
): OthersView {
  const left = (stage === null && gpu === null ? groups : []).flatMap((group) => {
    const containers = group.containers.filter(({ container }) => isSought(container, group.label));
    return containers.length === 0 ? [] : { ...group, containers, counts: countStatusesOf(containers) };
  });
  return {
    groups: left,
    count: left.reduce((sum, { containers }) => sum + containers.length, 0),
    leftOut: 0,
  };
}
