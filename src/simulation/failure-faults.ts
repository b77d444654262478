/** Faults that make jobs fail in order: the worker catches an exception and writes a failure sentinel. */

import { type Act, type FaultTools, isWorking } from './fault-tools.js';

export type FailureFault = 'failing-stage';

/** As programs of the field word them, one for each reason that failures are counted by. */
const ERRORS: readonly string[] = [
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.12 GiB. GPU 0 has a total capacity of 178.36 GiB',
  'pypdf.errors.PdfReadError: EOF marker not found; the file is truncated',
  "requests.exceptions.ConnectionError: HTTPConnectionPool(host='grobid', port=8070): Connection refused",
  'TimeoutError: grobid: processFulltextDocument timed out after 120 s',
  'RuntimeError: CUDA error: device-side assert triggered',
  "OSError: [Errno 28] No space left on device: '/artifacts/tables.parquet'",
];
const MIN_FAILURES = 5;
const SECOND = 1000;

export function failureFaults({ pipeline, agenda, random }: FaultTools): Readonly<Record<FailureFault, Act>> {
  const { world } = pipeline;

  return {
    'failing-stage': ({ fault, tell }) => {
      const stage = fault.stage ?? random.pick(world.profile.stages.filter(({ share }) => share === 1))?.id;
      if (stage === undefined) return false;
      const told = tell({ stage }, ['FailuresSpiking']);
      told.observableAtMs = Number.POSITIVE_INFINITY;
      let failures = 0;
      const failOne = (): void => {
        if (agenda.nowMs >= fault.healAtMs) {
          told.endedAtMs = agenda.nowMs;
          return;
        }
        const worker = random.pick(
          [...world.workers.values()].filter((one) => one.stage.id === stage && isWorking(one)),
        );
        if (worker) {
          pipeline.failJob(worker, random.pick(ERRORS) ?? '');
          if (++failures === MIN_FAILURES) told.observableAtMs = agenda.nowMs;
        }
        agenda.after(random.between(5, 35) * SECOND, failOne);
      };
      failOne();
      return true;
    },
  };
}
