/** The kinds of values an option can take; each says in its error what is allowed. */

import { z } from 'zod';
import { parseDuration, writeDuration } from '../lib/duration.js';

export interface DurationBounds {
  readonly atLeast?: string;
  readonly atMost?: string;
}

function toMs(text: string): number {
  const valueMs = parseDuration(text);
  if (valueMs === undefined) throw new Error(`not a duration: ${text}`);
  return valueMs;
}

/** A duration as text (`500ms 5s 10m 2h`), read into milliseconds. */
export function duration(defaultText: string, bounds: DurationBounds = {}) {
  const { minMs, maxMs, allowed } = describeBounds(bounds);
  return z
    .string({ error: (issue) => `expected ${allowed}, got ${show(issue.input)}` })
    .refine((text) => isWithin(parseDuration(text), minMs, maxMs), {
      error: (issue) => `expected ${allowed}, got ${show(issue.input)}`,
    })
    .meta({ valueType: 'duration' })
    .transform(toMs)
    .prefault(defaultText);
}

/** A duration that may be left out. */
export function optionalDuration(bounds: DurationBounds = {}) {
  const { minMs, maxMs, allowed } = describeBounds(bounds);
  const error = (issue: { input?: unknown }): string =>
    `expected ${allowed}, or null, got ${show(issue.input)}`;
  return z
    .string({ error })
    .refine((text) => isWithin(parseDuration(text), minMs, maxMs), { error })
    .meta({ valueType: 'duration' })
    .transform(toMs)
    .nullable()
    .default(null);
}

function describeBounds({ atLeast = '1ms', atMost = '365d' }: DurationBounds) {
  const minMs = toMs(atLeast);
  const maxMs = toMs(atMost);
  const allowed = `a duration like 500ms, 5s, 10m or 2h, from ${writeDuration(minMs)} to ${writeDuration(maxMs)}`;
  return { minMs, maxMs, allowed };
}

function isWithin(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max;
}

/** A whole number from `min` to `max`. */
export function wholeNumber(defaultValue: number, min: number, max: number) {
  const error = (issue: { input?: unknown }): string =>
    `expected a whole number from ${min} to ${max}, got ${show(issue.input)}`;
  return z
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error })
    .meta({ valueType: `whole number, ${min} to ${max}` })
    .default(defaultValue);
}

/** A share of a whole, above 0 and at most 1. */
export function share(defaultValue: number) {
  const error = (issue: { input?: unknown }): string =>
    `expected a share above 0 and at most 1, like 0.8, got ${show(issue.input)}`;
  return z
    .number({ error })
    .refine((value) => value > 0 && value <= 1, { error })
    .meta({ valueType: 'share, above 0 and at most 1' })
    .default(defaultValue);
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T, defaultValue: T[number]) {
  return z
    .enum(words, { error: (issue) => `expected one of ${words.join(', ')}, got ${show(issue.input)}` })
    .meta({ valueType: words.join(' or ') })
    .default(defaultValue as never);
}

/** Text that may be left out. `what` names it in the error: "a path", "a container label". */
export function optionalText(what: string, defaultValue: string | null = null) {
  return z
    .string({ error: (issue) => `expected ${what} or null, got ${show(issue.input)}` })
    .min(1, { error: () => `expected ${what} or null, got an empty text` })
    .meta({ valueType: what })
    .nullable()
    .default(defaultValue);
}

/** A secret that may be left out: what was given is never shown, not even when it is of the wrong kind. */
export function optionalSecret(what: string) {
  const error = (): string => `expected ${what} as text (in quotes) or null`;
  return z.string({ error }).min(1, { error }).meta({ valueType: what }).nullable().default(null);
}

/** True or false. */
export function flag(defaultValue: boolean) {
  return z
    .boolean({ error: (issue) => `expected true or false, got ${show(issue.input)}` })
    .meta({ valueType: 'true or false' })
    .default(defaultValue);
}

/** True, false or null. */
export function optionalFlag() {
  return z
    .boolean({ error: (issue) => `expected true, false or null, got ${show(issue.input)}` })
    .meta({ valueType: 'true or false' })
    .nullable()
    .default(null);
}

/** A URL with one of `protocols` (`http:`), or null; credentials in it are allowed and never printed. */
export function optionalUrl(protocols: readonly string[], example: string) {
  const allowed = `a URL like ${example}`;
  return z
    .string({ error: () => `expected ${allowed} or null` })
    .refine((text) => protocols.includes(urlProtocol(text)), {
      // The value is not repeated: it may hold a password.
      error: () => `expected ${allowed} (${protocols.map((p) => `${p}//`).join(', ')}) or null`,
    })
    .meta({ valueType: 'URL' })
    .nullable()
    .default(null);
}

function urlProtocol(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

const globError = (issue: { input?: unknown }): string =>
  `expected a name pattern with * and ?, or a list of them, got ${show(issue.input)}`;

/** One name pattern (`paddle-worker-*`) or a list of them, read into a list. */
export function globs(defaultValue?: string | string[]) {
  const schema = z
    .union([z.string().min(1), z.array(z.string().min(1))], { error: globError })
    .meta({ valueType: 'name pattern or list of them' })
    .transform((value) => (typeof value === 'string' ? [value] : value));
  return defaultValue === undefined ? schema : schema.prefault(defaultValue);
}

const MAX_SHOWN = 60;

/** A value as the reader wrote it, cut to a bounded length. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
