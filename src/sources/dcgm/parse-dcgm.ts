/**
 * Turns the exposition of a dcgm-exporter into readings of GPUs, whichever names and units its version has.
 *
 * Exporters up to 4.8 use DCGM's field names (MiB, percent), 4.9 renamed them to base units; `Hostname` became
 * `hostname` in 4.8.3. Both are read by the same table, and the first name that has a value counts.
 */

import { type GpuFacts, gpuIdentity } from '../../fleet/gpu-model.js';
import type { GpuReading } from '../../fleet/gpu-observations.js';
import { boundText } from '../../lib/bound-text.js';
import type { ParsedText, Sample } from '../../lib/text-format-parser.js';

type Measure =
  | 'usedBytes'
  | 'freeBytes'
  | 'reservedBytes'
  | 'totalBytes'
  | 'utilizationRatio'
  | 'temperatureCelsius'
  | 'powerWatts'
  | 'lastXid';

interface FieldName {
  readonly name: string;
  readonly measure: Measure;
  readonly multiplier?: number;
  /** Division by 100 is exact where multiplication by 0.01 is not. */
  readonly divisor?: number;
}

const MIB = 1024 * 1024;

const FIELD_NAMES: readonly FieldName[] = [
  { name: 'DCGM_FI_DEV_FB_USED_BYTES', measure: 'usedBytes' },
  { name: 'DCGM_FI_DEV_FB_USED', measure: 'usedBytes', multiplier: MIB },
  { name: 'DCGM_FI_DEV_FB_FREE_BYTES', measure: 'freeBytes' },
  { name: 'DCGM_FI_DEV_FB_FREE', measure: 'freeBytes', multiplier: MIB },
  { name: 'DCGM_FI_DEV_FB_RESERVED_BYTES', measure: 'reservedBytes' },
  { name: 'DCGM_FI_DEV_FB_RESERVED', measure: 'reservedBytes', multiplier: MIB },
  { name: 'DCGM_FI_DEV_FB_CAPACITY_BYTES', measure: 'totalBytes' },
  { name: 'DCGM_FI_DEV_FB_TOTAL', measure: 'totalBytes', multiplier: MIB },
  { name: 'DCGM_FI_DEV_GPU_UTIL_RATIO', measure: 'utilizationRatio' },
  { name: 'DCGM_FI_DEV_GPU_UTIL', measure: 'utilizationRatio', divisor: 100 },
  // A MIG instance has no utilization of its own but this one.
  { name: 'DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO', measure: 'utilizationRatio' },
  { name: 'DCGM_FI_PROF_GR_ENGINE_ACTIVE', measure: 'utilizationRatio' },
  { name: 'DCGM_FI_DEV_GPU_TEMP_CELSIUS', measure: 'temperatureCelsius' },
  { name: 'DCGM_FI_DEV_GPU_TEMP', measure: 'temperatureCelsius' },
  { name: 'DCGM_FI_DEV_BOARD_POWER_WATTS', measure: 'powerWatts' },
  { name: 'DCGM_FI_DEV_POWER_USAGE', measure: 'powerWatts' },
  { name: 'DCGM_FI_DEV_XID_ERROR', measure: 'lastXid' },
  { name: 'DCGM_FI_DEV_XID_ERRORS', measure: 'lastXid' },
];
const XID_TOTAL = 'DCGM_EXP_XID_ERRORS_TOTAL';
const XID_RECENT = 'DCGM_EXP_XID_ERRORS_COUNT';

/**
 * DCGM writes "no value" as numbers at the end of a type's range, and older exporters pass them on:
 * int32 from 2147483632, float64 from 2^47, int64 from 9223372036854775792.
 * https://github.com/NVIDIA/DCGM/blob/master/dcgmlib/dcgm_structs.h, DCGM_INT32_BLANK and following
 */
const BLANK_FROM = 2_147_483_632;
const MAX_GPUS = 1024;
const MAX_LABEL = 200;
const XID = /^[1-9]\d{0,3}$/;

export interface ParsedDcgm {
  readonly gpus: readonly GpuReading[];
  /** Samples of GPU metrics that name no GPU, or one too many. */
  readonly unplaced: number;
}

interface Draft {
  readonly facts: Omit<GpuFacts, 'memory'>;
  readonly values: Partial<Record<Measure, number>>;
  readonly totals: Map<string, number>;
  readonly recent: Map<string, number>;
}

export function parseDcgm({ samples }: ParsedText): ParsedDcgm {
  const drafts = new Map<string, Draft>();
  let unplaced = 0;

  function draftOf({ labels }: Sample): Draft | undefined {
    const facts = parseLabels(labels);
    const identity = facts && gpuIdentity(facts);
    const known = identity === undefined ? undefined : drafts.get(identity);
    if (known) return known;
    if (!facts || identity === undefined || drafts.size >= MAX_GPUS) {
      unplaced++;
      return undefined;
    }
    const draft: Draft = { facts, values: {}, totals: new Map(), recent: new Map() };
    drafts.set(identity, draft);
    return draft;
  }

  for (const field of FIELD_NAMES) {
    for (const sample of samples.get(field.name) ?? []) {
      const values = draftOf(sample)?.values;
      const value = toUnit(sample.value, field);
      // A job mapping repeats a GPU's sample for each job: the first counts.
      if (values && value !== undefined) values[field.measure] ??= value;
    }
  }
  for (const sample of samples.get(XID_TOTAL) ?? []) addXid(draftOf(sample)?.totals, sample);
  for (const sample of samples.get(XID_RECENT) ?? []) addXid(draftOf(sample)?.recent, sample);
  return { gpus: [...drafts.values()].map(toReading), unplaced };
}

/** Undefined for a sample that is of no GPU: those of NVLinks, switches and CPUs. */
function parseLabels(labels: ReadonlyMap<string, string>): Draft['facts'] | undefined {
  const first = (...names: string[]): string | undefined => {
    for (const name of names) {
      const value = labels.get(name);
      if (value !== undefined) return boundText(value, MAX_LABEL);
    }
    return undefined;
  };
  const uuid = first('UUID', 'uuid', 'gpu_uuid');
  if (uuid === undefined) return undefined;
  const device = first('device');
  const model = first('modelName', 'model_name');
  const host = first('Hostname', 'hostname');
  const migId = first('GPU_I_ID', 'gpu_i_id');
  const profile = first('GPU_I_PROFILE', 'gpu_i_profile');
  return {
    uuid,
    index: first('gpu') ?? '',
    ...(device !== undefined && { device }),
    ...(model !== undefined && { model }),
    ...(host !== undefined && { host }),
    ...(migId !== undefined && { mig: { id: migId, ...(profile !== undefined && { profile }) } }),
  };
}

function toUnit(value: number, { multiplier = 1, divisor = 1, name }: FieldName): number | undefined {
  const isInBytes = name.endsWith('_BYTES');
  const blankFrom = isInBytes ? BLANK_FROM * MIB : BLANK_FROM;
  if (!Number.isFinite(value) || value < 0 || value >= blankFrom) return undefined;
  return (value * multiplier) / divisor;
}

function addXid(counts: Map<string, number> | undefined, { labels, value }: Sample): void {
  const xid = labels.get('xid') ?? '';
  if (!counts || !XID.test(xid) || !Number.isFinite(value) || value < 0 || value >= BLANK_FROM) return;
  counts.set(xid, Math.max(counts.get(xid) ?? 0, value));
}

function toReading({ facts, values, totals, recent }: Draft): GpuReading {
  const { usedBytes, freeBytes, reservedBytes, lastXid, utilizationRatio, temperatureCelsius, powerWatts } =
    values;
  const isSumKnown = usedBytes !== undefined && freeBytes !== undefined;
  const sum = isSumKnown ? usedBytes + freeBytes + (reservedBytes ?? 0) : undefined;
  const totalBytes = values.totalBytes ?? sum;
  return {
    ...facts,
    memory: {
      ...(usedBytes !== undefined && { usedBytes }),
      ...(freeBytes !== undefined && { freeBytes }),
      ...(reservedBytes !== undefined && { reservedBytes }),
      ...(totalBytes !== undefined && { totalBytes }),
    },
    ...(utilizationRatio !== undefined && { utilizationRatio }),
    ...(temperatureCelsius !== undefined && { temperatureCelsius }),
    ...(powerWatts !== undefined && { powerWatts }),
    xids: { totals, recent, ...(lastXid !== undefined && { last: lastXid }) },
  };
}
