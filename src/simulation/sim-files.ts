/** The progress files of the simulated pipeline: what is written by whom, and that others hear of it. */

import type { ProgressReport } from '../fleet/progress-model.js';
import type { Agenda } from './agenda.js';
import type { PipelineHooks } from './pipeline-model.js';
import { documentName, type SimWorker, type World } from './world.js';

export interface SimFiles {
  write(name: string, report: ProgressReport): void;
  remove(name: string): void;
  /** What the worker tells of its job, by its own clock; nothing without a job. */
  writeProgress(worker: SimWorker): void;
}

export function createSimFiles(
  world: World,
  agenda: Agenda,
  { fileChanged }: Pick<PipelineHooks, 'fileChanged'>,
): SimFiles {
  function write(name: string, report: ProgressReport): void {
    world.files.set(name, { report, mtimeMs: agenda.nowMs });
    fileChanged(name);
  }
  return {
    write,
    remove(name) {
      if (world.files.delete(name)) fileChanged(name);
    },
    writeProgress({ container, stage, job, clockAheadMs }) {
      if (!job) return;
      write(container.name, {
        name: container.name,
        role: 'worker',
        stage: stage.id,
        state: 'running',
        document: documentName(job.message.document),
        ...(job.steps !== undefined && { done: job.done, total: job.steps, unit: 'page' }),
        startedAtMs: job.startedAtMs + clockAheadMs,
        updatedAtMs: agenda.nowMs + clockAheadMs,
      });
    },
  };
}
