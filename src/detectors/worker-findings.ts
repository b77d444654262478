/** Makes findings of the workers that have one status. */

import type { Detection, FindingSubject } from './finding.js';
import type { Judgement, Scene } from './scene.js';
import type { WorkerStatus, WorkerVerdict } from './verdicts.js';

/** Workers of which nobody can tell cannot be judged: what was found of them before stays. */
export function detectByStatus(
  scene: Scene,
  status: WorkerStatus,
  describe: (key: string, verdict: WorkerVerdict, scene: Scene) => Omit<Detection, 'subject'>,
): Judgement {
  const found: Detection[] = [];
  const unsure: string[] = [];
  for (const [key, verdict] of scene.notable) {
    if (verdict.status === status) {
      found.push({ ...describe(key, verdict, scene), subject: workerSubject(key, verdict, scene) });
    } else if (verdict.status === 'unknown' || (status === 'stuck' && verdict.isUncertain)) {
      unsure.push(key);
    }
  }
  return { found, unsure };
}

export function workerSubject(key: string, { standing }: WorkerVerdict, { fleet }: Scene): FindingSubject {
  const worker = fleet.workers.get(key);
  const { container, stage } = standing;
  return {
    container,
    identity: key,
    ...(stage !== undefined && { stage }),
    ...(worker?.gpu !== undefined && { gpu: worker.gpu }),
    ...(worker?.job?.document !== undefined && { document: worker.job.document }),
  };
}
