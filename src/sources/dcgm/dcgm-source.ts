/** Reads the GPUs of a host from its dcgm-exporter, again and again. */

import type { DcgmConfig } from '../../config/dcgm-section.js';
import type { Observation } from '../../fleet/observations.js';
import { counted } from '../../lib/counted.js';
import { type ParsedText, parseTextFormat } from '../../lib/text-format-parser.js';
import { fetchPage } from '../fetch-page.js';
import { createPolledSource, type PolledReader } from '../poller.js';
import type { Source, SourceContext } from '../source.js';
import { SourceError } from '../source-error.js';
import { type ParsedDcgm, parseDcgm } from './parse-dcgm.js';

export interface DcgmSourceOptions {
  readonly url: string;
  readonly config: Pick<DcgmConfig, 'interval' | 'request_timeout'>;
}

/** 16 GPUs in 7 MIG instances each with 100 fields are 4 MB. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Not OpenMetrics: a server that has both would choose it, and it is another format. */
const MEDIA_TYPES = ['text/plain'];

export function createDcgmSource(options: DcgmSourceOptions, context: SourceContext): Source {
  return createPolledSource(createDcgmReader(options, context), context);
}

function createDcgmReader({ url, config }: DcgmSourceOptions, context: SourceContext): PolledReader {
  const { clock, log } = context;
  const page = metricsUrl(url);
  // The query may hold a token.
  const target = page.origin + page.pathname;
  let isDamaged = false;

  /** Logged when it begins and when it ends, counted at every read. */
  function reportDamage(problem: string | undefined): readonly Observation[] {
    if (problem !== undefined && !isDamaged)
      log.warn({ reason: 'protocol', problem }, 'part of a read failed');
    if (problem === undefined && isDamaged) log.info('every part of a read is in order again');
    isDamaged = problem !== undefined;
    if (problem === undefined) return [];
    const atMs = clock.nowMs();
    return [{ kind: 'source-failed', source: 'dcgm', atMs, reason: 'protocol', problem, isPartial: true }];
  }

  return {
    name: 'dcgm',
    target,
    intervalMs: config.interval,
    timeLimitMs: config.request_timeout,
    async read(signal) {
      const text = await fetchPage({
        url: page,
        clock,
        timeLimitMs: config.request_timeout,
        maxBytes: MAX_BYTES,
        mediaTypes: MEDIA_TYPES,
        signal,
      });
      const parsed = parseTextFormat(text);
      const dcgm = parseDcgm(parsed);
      if (dcgm.gpus.length === 0) throw new SourceError('protocol', explainNoGpus(text, parsed, target));
      const gpusRead: Observation = { kind: 'gpus-read', atMs: clock.nowMs(), gpus: dcgm.gpus };
      return [gpusRead, ...reportDamage(describeDamage(parsed, dcgm, target))];
    },
  };
}

/** `http://host:9400` means its `/metrics`: the exporter's root is a page for people. */
function metricsUrl(given: string): URL {
  const url = new URL(given);
  if (url.pathname === '/') url.pathname = '/metrics';
  url.hash = '';
  return url;
}

function explainNoGpus(text: string, { sampleCount, faults }: ParsedText, target: string): string {
  if (text.trim() === '') {
    const remedy =
      'it measures first some 30 s after its start; if it stays so, it sees no GPU (see its log)';
    return `${target} answers with an empty page: ${remedy}`;
  }
  const remedy = 'is dcgm.url that of a dcgm-exporter?';
  if (sampleCount > 0) return `${target} has metrics, but none of a GPU: ${remedy}`;
  const [first] = faults;
  const detail = first ? ` (line ${first.line}: ${first.problem})` : '';
  return `${target} answers with no metrics${detail}: ${remedy}`;
}

function describeDamage(
  { faultCount, faults }: ParsedText,
  { unplaced }: ParsedDcgm,
  target: string,
): string | undefined {
  const [first] = faults;
  if (first) {
    const count = faultCount === 1 ? 'one broken line' : `${faultCount} broken lines`;
    return `${target}: ${count} left out, the first is line ${first.line}: ${first.problem}`;
  }
  return unplaced > 0
    ? `${target}: ${counted(unplaced, 'sample')} without the UUID of a GPU left out`
    : undefined;
}
