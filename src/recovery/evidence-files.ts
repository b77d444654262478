/** Writes down what is known of a worker before its restart, as the files of one folder. */

import type { Verdicts, WorkerVerdict } from '../detectors/verdicts.js';
import type { ContainerLook, LogTail, ProcessTable, Reading } from '../fleet/engine-answers.js';
import type { Fleet } from '../fleet/model.js';
import { scrubCredentials } from '../lib/scrub.js';
import type { Candidate } from './decision.js';

export interface Scenery {
  readonly candidate: Candidate;
  readonly incident: string;
  readonly by: string;
  readonly why: string;
  readonly isDryRun: boolean;
  readonly fleet: Fleet;
  readonly verdicts: Verdicts;
  readonly look: ContainerLook;
  readonly logs: Reading<LogTail>;
  readonly top: Reading<ProcessTable>;
  readonly nowMs: number;
}

/** Name of the file to its content; credentials in URLs are taken out everywhere. */
export function evidenceFiles(scenery: Scenery): Readonly<Record<string, string>> {
  const stacks = scenery.fleet.stacks.get(scenery.candidate.identity);
  const files = {
    'incident.json': `${JSON.stringify(describeIncident(scenery), null, 2)}\n`,
    'container.json': `${JSON.stringify(scenery.look.facts, null, 2)}\n`,
    'top.txt': renderReading(scenery.top, renderTable),
    'logs.txt': renderReading(scenery.logs, renderLogs),
    ...(stacks && {
      'stacks.txt': `${new Date(stacks.atMs).toISOString()} ${stacks.summary}\n${stacks.lines.join('\n')}\n`,
    }),
  };
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, scrubCredentials(text)]));
}

function describeIncident(scenery: Scenery) {
  const { candidate, fleet, verdicts, nowMs, look } = scenery;
  const { identity, name, stage, cost } = candidate;
  const verdict: WorkerVerdict | undefined = verdicts.workers.get(identity);
  const worker = fleet.workers.get(identity);
  const findings = [...verdicts.findings.values()].filter(
    ({ subject }) => subject.identity === identity || (stage !== undefined && subject.stage === stage),
  );
  return {
    incident: scenery.incident,
    at: new Date(nowMs).toISOString(),
    container: name,
    id: look.id,
    identity,
    stage: stage ?? null,
    by: scenery.by,
    why: scenery.why,
    dryRun: scenery.isDryRun,
    engineClockAheadMs: look.clockAheadMs,
    cost: cost ?? null,
    verdict: verdict ?? null,
    progress: worker ?? null,
    cpu: fleet.cpu.get(identity) ?? null,
    queues: [...fleet.queues.values()].filter((queue) => stage !== undefined && queue.stage === stage),
    gpus: fleet.gpuLinks
      .filter(({ container }) => container === name)
      .map((link) => ({ ...link, gpu: fleet.gpus.get(link.identity) ?? null })),
    findings,
    sources: [...fleet.sources.values()],
  };
}

function renderReading<T>(reading: Reading<T>, render: (value: T) => string): string {
  return reading.kind === 'read' ? render(reading.value) : `(not to be had: ${reading.problem})\n`;
}

function renderTable({ titles, rows }: ProcessTable): string {
  return [titles, ...rows].map((row) => `${row.join('\t')}\n`).join('');
}

function renderLogs({ lines, isCut }: LogTail): string {
  const head = isCut ? '(earlier lines are left out)\n' : '';
  const body = lines.map(({ stream, text }) => (stream === 'stderr' ? `stderr ${text}\n` : `${text}\n`));
  return head + body.join('');
}
