/** Thresholds and value mappings in the words and colours of the one vocabulary. */

import {
  type DynamicConfigValue,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { COLORS, SEVERITY_LOOK } from './look.js';

export interface Step {
  readonly from: number;
  readonly color: string;
}

export function thresholds(base: string, ...steps: readonly Step[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...steps.map(({ from, color }) => ({ value: from, color }))]);
}

/** No judgement: a fact, in the colour of text. */
export const plain = (): ThresholdsConfigBuilder => thresholds(COLORS.text);

/** Any at all is worth a look. */
export const noneIsGood = (color: string = COLORS.bad): ThresholdsConfigBuilder =>
  thresholds(COLORS.good, { from: 0.5, color });

interface Look {
  readonly shape: string;
  readonly color: string;
}

/** Numbers that tell a status to its shape and word. */
export function statusMappings(
  looks: Readonly<Record<string, Look & { readonly rank: number }>>,
): ValueMapping[] {
  const options = Object.entries(looks).map(([word, { shape, color, rank }]) => [
    String(rank),
    { text: `${shape} ${word}`, color, index: rank },
  ]);
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }];
}

export function wordMappings(
  words: Readonly<Record<string, { text: string; color?: string }>>,
): ValueMapping {
  return { type: MappingType.ValueToText, options: { ...words } };
}

export const severityMappings = (): ValueMapping[] => [
  wordMappings(
    Object.fromEntries(
      Object.entries(SEVERITY_LOOK).map(([word, { shape, color }]) => [
        word,
        { text: `${shape} ${word}`, color },
      ]),
    ),
  ),
];

/** Of a time until a queue is empty. */
export const EMPTY: ValueMapping = wordMappings({ '0': { text: 'empty' } });

/** Shown for a quotient of nothing, as the quantile of no jobs. */
export const nothingMapping = (): ValueMapping =>
  ({
    type: MappingType.SpecialValue,
    options: { match: 'null+nan', result: { text: '–' } },
  }) as ValueMapping;

export function fixedColor(color: string): DynamicConfigValue {
  return { id: 'color', value: { mode: 'fixed', fixedColor: color } };
}
