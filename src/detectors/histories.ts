/** What was before, bounded: the samples and incidents that a detector needs beside the picture of now. */

import { createDeadLetterHistory, type DeadLetterHistory } from './dead-letter-history.js';
import { createDocumentReleases, type DocumentReleases } from './document-releases.js';
import { createDocumentTroubles, type DocumentTroubles } from './document-troubles.js';
import { createEndHistory, type EndHistory } from './end-history.js';
import { createFailureHistory, type FailureHistory } from './failure-history.js';
import { createGpuHistory, type GpuHistory } from './gpu-history.js';
import { createGpuSpins, type GpuSpins } from './gpu-spins.js';
import { createGpuStrays, type GpuStrays } from './gpu-strays.js';
import type { HistoryMoment } from './history-moment.js';
import { createLostJobs, type LostJobs } from './lost-jobs.js';
import { createQueueHistory, type QueueHistory } from './queue-history.js';
import { createStageTraffic, type StageTraffic } from './stage-traffic.js';

export interface Histories {
  readonly queues: QueueHistory;
  readonly deadLetters: DeadLetterHistory;
  readonly ends: EndHistory;
  readonly failures: FailureHistory;
  readonly gpus: GpuHistory;
  readonly gpuSpins: GpuSpins;
  readonly gpuStrays: GpuStrays;
  readonly lostJobs: LostJobs;
  readonly documents: DocumentTroubles;
  readonly releases: Pick<DocumentReleases, 'isReleased'>;
  readonly traffic: StageTraffic;
  /** Takes down what is new in the picture; called once before each judgement. */
  note(moment: HistoryMoment): void;
}

export function createHistories(): Histories {
  const queues = createQueueHistory();
  const deadLetters = createDeadLetterHistory();
  const ends = createEndHistory();
  const failures = createFailureHistory();
  const gpus = createGpuHistory();
  const gpuSpins = createGpuSpins();
  const gpuStrays = createGpuStrays();
  const lostJobs = createLostJobs();
  const documents = createDocumentTroubles();
  const releases = createDocumentReleases();
  const traffic = createStageTraffic();
  return {
    queues,
    deadLetters,
    ends,
    failures,
    gpus,
    gpuSpins,
    gpuStrays,
    lostJobs,
    documents,
    releases,
    traffic,
    note(moment) {
      queues.note(moment);
      deadLetters.note(moment);
      ends.note(moment);
      failures.note(moment);
      gpus.note(moment);
      gpuSpins.note(moment);
      gpuStrays.note(moment);
      lostJobs.note(moment);
      documents.note(moment, lostJobs.newlyLost());
      releases.note(moment, documents.troubles, (document) => lostJobs.isAwaited({ document }));
      traffic.note(moment);
    },
  };
}
