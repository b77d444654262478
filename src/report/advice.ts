/** Says what to look at first after a run: what cost most, worst first, at most six sentences. */

import { detectSeconds, type RunFacts } from './run-facts.js';
import { sayCount, sayNumbered, saySeconds, sayShare } from './words.js';

export interface Advice {
  /** 0 to 1: how much of the run it is about. */
  readonly weight: number;
  readonly text: string;
}

const MAX_ADVICE = 6;
const WORTH_SAYING = 0.02;
const MEMORY_HIGH = 0.95;
const DETECT_SLOW_SECONDS = 600;

export function listAdvice(facts: RunFacts): readonly string[] {
  return [
    ...openAtTheEnd(facts),
    ...bottleneck(facts),
    ...failures(facts),
    ...stuckTime(facts),
    ...restartsInVain(facts),
    ...gpuMemory(facts),
    ...lateDetection(facts),
  ]
    .filter(({ weight }) => weight >= WORTH_SAYING)
    .toSorted((one, other) => other.weight - one.weight)
    .slice(0, MAX_ADVICE)
    .map(({ text }) => text);
}

function openAtTheEnd({ alerts }: RunFacts): readonly Advice[] {
  const open = alerts.filter(
    ({ clearedAtMs, severity, isConsequence }) =>
      clearedAtMs === null && severity === 'critical' && !isConsequence,
  );
  const [first] = open;
  if (!first) return [];
  const more = open.length > 1 ? ` and ${sayCount(open.length - 1)} more` : '';
  return [{ weight: 1, text: `Still open at the end: ${first.kind} of ${first.subject}${more}.` }];
}

function bottleneck({ stages }: RunFacts): readonly Advice[] {
  const [worst] = stages
    .filter(({ bottleneckShare }) => (bottleneckShare ?? 0) > 0)
    .toSorted((one, other) => (other.bottleneckShare ?? 0) - (one.bottleneckShare ?? 0));
  if (!worst) return [];
  const wait =
    worst.queueWaitSeconds === null ? '' : `; a job waits ${saySeconds(worst.queueWaitSeconds)} there`;
  return [
    {
      weight: worst.bottleneckShare ?? 0,
      text: `${labelOf(worst)} was the bottleneck ${sayShare(worst.bottleneckShare)} of the time${wait}: more workers there help first.`,
    },
  ];
}

function failures({ failures: groups, documentsDone, documentsFailed }: RunFacts): readonly Advice[] {
  const [worst] = groups;
  if (!worst) return [];
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  const documents = (documentsDone ?? 0) + (documentsFailed ?? all);
  const where = worst.stages.length === 0 ? '' : ` at ${worst.stages.slice(0, 3).join(', ')}`;
  return [
    {
      weight: Math.max(0.1, Math.min(1, (all / Math.max(1, documents)) * 5)),
      text: `${sayCount(worst.count)} of ${sayNumbered(all, 'failure')} ${worst.count === 1 ? 'is' : 'are alike'}${where}: ${worst.reason}, “${worst.signature}”.`,
    },
  ];
}

function stuckTime({ stuck, range }: RunFacts): readonly Advice[] {
  const [worst] = stuck;
  const total = stuck.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!worst || total === 0) return [];
  const at = worst.stage === null ? '' : ` at ${worst.stage}`;
  const runSeconds = (range.toMs - range.fromMs) / 1000;
  return [
    {
      weight: Math.min(0.9, total / runSeconds),
      text:
        stuck.length === 1
          ? `${worst.container}${at} was stuck for ${saySeconds(total)}.`
          : `Workers were stuck for ${saySeconds(total)} together, ${worst.container}${at} longest with ${saySeconds(worst.seconds)}.`,
    },
  ];
}

function restartsInVain({ restarts }: RunFacts): readonly Advice[] {
  const inVain = restarts.filter(({ result }) => result === 'not_recovered' || result === 'failed');
  const names = [...new Set(inVain.map(({ container }) => container))];
  if (inVain.length === 0) return [];
  const text = `${sayNumbered(inVain.length, 'restart')} did not help: ${names.slice(0, 3).join(', ')}.`;
  return [{ weight: 0.5, text }];
}

function gpuMemory({ gpus }: RunFacts): readonly Advice[] {
  return gpus.flatMap(({ gpu, peakBytes, totalBytes, stages }) => {
    const share = totalBytes ? peakBytes / totalBytes : 0;
    if (share < MEMORY_HIGH) return [];
    return [
      { weight: 0.3, text: `GPU ${gpu} was ${sayShare(share)} full at its peak (${stages.join(', ')}).` },
    ];
  });
}

function lateDetection({ alerts }: RunFacts): readonly Advice[] {
  const late = alerts
    .map((alert) => ({ alert, seconds: detectSeconds(alert) ?? 0 }))
    .filter(({ seconds, alert }) => seconds >= DETECT_SLOW_SECONDS && alert.kind === 'WorkerStuck')
    .toSorted((one, other) => other.seconds - one.seconds);
  const [worst] = late;
  if (!worst) return [];
  const { subject, stage } = worst.alert;
  const at = stage === null ? '' : ` (${stage})`;
  return [
    {
      weight: 0.2,
      text: `${subject}${at} stood for ${saySeconds(worst.seconds)} before it was told: set stall_after for its stage if its steps are never that far apart.`,
    },
  ];
}

function labelOf({ id, name }: { readonly id: string; readonly name: string | null }): string {
  return name === null ? id : `${id} ${name}`;
}
