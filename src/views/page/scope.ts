/** Decides what a selection leaves in each list. */

import type { OrchestratorView, WorkerView } from '../picture/people.js';
import type { Picture } from '../picture/picture.js';
import type { Problem } from '../picture/problems.js';
import type { JournalJson } from './page-json.js';
import type { Selection } from './selection.js';
import type { Scope } from './shown.js';

/** A selected finding stands for what it is about. */
export function scopeOf(selection: Selection, { problems }: Pick<Picture, 'problems'>): Scope {
  const { finding } = selection;
  const about = problems.flatMap((one) => [one, ...one.consequences]).find(({ id }) => id === finding);
  return {
    stage: selection.stage,
    gpu: selection.gpu,
    container: selection.worker ?? about?.container ?? null,
    finding,
    text: selection.text.trim().toLowerCase(),
  };
}

/** A selected worker is marked among its kind, and hides nobody. */
export function holdsWorker(scope: Scope, worker: WorkerView): boolean {
  if (scope.stage !== null && worker.stage !== scope.stage) return false;
  if (scope.gpu !== null && worker.gpu !== scope.gpu) return false;
  return includes(scope.text, [worker.container, worker.stageLabel, worker.document, worker.status]);
}

export function holdsOrchestrator(scope: Scope, orchestrator: OrchestratorView): boolean {
  const stages = [orchestrator.stage, orchestrator.waitsFor?.stage];
  if (scope.stage !== null && !stages.includes(scope.stage)) return false;
  const { container, stageLabel, document, status } = orchestrator;
  return includes(scope.text, [container, stageLabel, document, status]);
}

/** What serves no stage and is not on a GPU is not of the one that is selected. */
export function holdsOther(scope: Scope, container: string, group: string): boolean {
  return scope.stage === null && scope.gpu === null && includes(scope.text, [container, group]);
}

/** Itself, or one of its consequences, is about what is selected. */
export function holdsProblem(scope: Scope, problem: Problem): boolean {
  return [problem, ...problem.consequences].some((one) => isAbout(scope, one));
}

function isAbout(scope: Scope, { id, container, stage, gpu, who, where, document, kind }: Problem): boolean {
  if (scope.finding !== null) return id === scope.finding;
  if (scope.stage !== null && stage !== scope.stage) return false;
  if (scope.gpu !== null && gpu !== scope.gpu) return false;
  if (scope.container !== null && container !== scope.container) return false;
  return includes(scope.text, [who, where, document, kind]);
}

export function holdsEntry(scope: Scope, entry: JournalJson): boolean {
  if (scope.stage !== null && entry['stage'] !== scope.stage) return false;
  if (scope.gpu !== null && entry['gpu'] !== scope.gpu) return false;
  if (scope.container !== null && entry['container'] !== scope.container) return false;
  if (scope.finding !== null && scope.container === null && entry['id'] !== scope.finding) return false;
  return includes(scope.text, Object.values(entry));
}

function includes(text: string, values: readonly unknown[]): boolean {
  if (text === '') return true;
  return values.some((value) => typeof value === 'string' && value.toLowerCase().includes(text));
}
