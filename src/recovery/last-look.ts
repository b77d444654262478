/** Decides whether a worker is still as it was planned for: the same container in the same life, its progress where it was. */

import { runOf } from '../fleet/container-run.js';
import type { ContainerLook, LookAnswer } from '../fleet/engine-answers.js';
import type { Fleet } from '../fleet/model.js';
import type { Hold, WorkerPlan } from './decision.js';

export function judgeLook(answer: LookAnswer, plan: WorkerPlan): Hold | { readonly look: ContainerLook } {
  if (answer.kind === 'failed') {
    return { reason: 'engine_unreachable', text: `the engine does not tell of it: ${answer.problem}` };
  }
  if (answer.kind === 'gone') {
    return { reason: 'container_changed', text: 'its container was removed meanwhile' };
  }
  const { look } = answer;
  const { container, why } = plan;
  // Compose renames a container just before it puts another one in its place.
  if (container && look.name !== container.name) {
    return { reason: 'container_changed', text: `its container was renamed to ${look.name} meanwhile` };
  }
  if (look.startedAtMs !== (container && runOf(container))) {
    return { reason: 'container_changed', text: 'its container was started meanwhile' };
  }
  if (why === 'stuck' && look.state !== 'running') {
    return { reason: 'container_changed', text: `its container is ${look.state} meanwhile` };
  }
  return { look };
}

/** In words, what has moved since the plan was made; undefined: nothing. */
export function judgeProgress({ identity, finding, cost }: WorkerPlan, fleet: Fleet): string | undefined {
  if (!finding) return undefined;
  const job = fleet.workers.get(identity)?.job;
  if (!job) return 'its job has ended meanwhile';
  if (job.document !== cost?.document) return 'it is at another job meanwhile';
  // Its progress stood still when it was found; the finding began with its last step, or with its job.
  const plannedMs = finding.confirmedAtMs;
  if (job.lastProgressAtMs > plannedMs) return 'its progress moves again';
  const busyAtMs = fleet.cpu.get(identity)?.lastBusyAtMs;
  return busyAtMs !== undefined && busyAtMs > plannedMs ? 'it uses CPU time again' : undefined;
}
