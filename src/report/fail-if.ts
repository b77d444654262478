/**
 * Reads and decides `--fail-if`: conditions joined by `or` (or a comma) and `and`, `and` binding tighter:
 * `failed>10 or critical>0 and open>0`. A condition is a figure, a comparison and a number, duration or percentage.
 */

import { parseDuration } from '../lib/duration.js';
import type { Figure } from './figures.js';

const OPERATORS = ['>=', '<=', '!=', '==', '=', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

export interface Condition {
  readonly text: string;
  readonly name: string;
  readonly operator: Operator;
  /** Seconds for durations, 0 to 1 for percentages. */
  readonly limit: number;
}

/** Any of the groups fails the run, when all conditions of it hold. */
export type FailIf = readonly (readonly Condition[])[];

export type FailIfReading =
  | { readonly kind: 'ok'; readonly failIf: FailIf }
  | { readonly kind: 'faulty'; readonly problem: string };

export interface Verdict {
  readonly hasFailed: boolean;
  /** Why, as sentences. */
  readonly reasons: readonly string[];
}

const CONDITION = /^([a-z_]+)\s*(>=|<=|!=|==|=|>|<)\s*(\S+)$/;

/** `names`: the figures that there are. */
export function parseFailIf(text: string, names: readonly string[]): FailIfReading {
  const failIf: Condition[][] = [];
  for (const group of text.split(/\s*,\s*|\s+or\s+/)) {
    const conditions: Condition[] = [];
    for (const part of group.split(/\s+and\s+/)) {
      const condition = parseCondition(part.trim());
      if (!condition) {
        return {
          kind: 'faulty',
          problem: `“${part.trim()}” is no condition; expected one like failed>10 or stuck>30m`,
        };
      }
      if (!names.includes(condition.name)) {
        return {
          kind: 'faulty',
          problem: `no figure is called “${condition.name}”; there are ${names.join(', ')}`,
        };
      }
      conditions.push(condition);
    }
    failIf.push(conditions);
  }
  return { kind: 'ok', failIf };
}

function parseCondition(text: string): Condition | undefined {
  const [, name, operator, amount] = CONDITION.exec(text) ?? [];
  const limit = parseAmount(amount ?? '');
  const known = OPERATORS.find((one) => one === operator);
  return name === undefined || known === undefined || limit === undefined
    ? undefined
    : { text, name, operator: known, limit };
}

function parseAmount(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (/^\d+(?:\.\d+)?%$/.test(text)) return Number(text.slice(0, -1)) / 100;
  const ms = parseDuration(text);
  return ms === undefined ? undefined : ms / 1000;
}

/** What is not known cannot be said to be well: a condition on it counts as held. */
export function decideFailIf(failIf: FailIf, figures: readonly Figure[]): Verdict {
  const values = new Map(figures.map(({ name, value }) => [name, value]));
  const reasons = failIf.flatMap((group) => {
    const held = group.map((condition) => reasonFor(condition, values.get(condition.name) ?? null));
    return held.every((reason) => reason !== undefined) ? [held.join(' and ')] : [];
  });
  return { hasFailed: reasons.length > 0, reasons };
}

function reasonFor({ text, name, operator, limit }: Condition, value: number | null): string | undefined {
  if (value === null) return `${name} is not known, so ${text} cannot be ruled out`;
  return compare(value, operator, limit) ? `${text} (it is ${Number(value.toFixed(3))})` : undefined;
}

function compare(value: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '=':
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
  }
}
