/** Kinds of values that only the options of notifications have: mail addresses, times of day, time zones. */

import { z } from 'zod';
import { show } from './option-types.js';

/** No line end, comma or angle bracket can slip into a header from here. */
const ADDRESS = /^[^\s@<>(),;:"\\]{1,64}@[^\s@<>(),;:"\\]{1,255}$/;
const NAMED_ADDRESS = /^([^<>"\\\p{Cc}]{1,100}) <([^<>]+)>$/u;

function isMailAddress(text: string): boolean {
  const named = NAMED_ADDRESS.exec(text);
  return ADDRESS.test(named?.[2] ?? text);
}

/** `ops@example.com` or `Operators <ops@example.com>`. */
export function mailAddress() {
  const error = (issue: { input?: unknown }): string =>
    `expected a mail address like ops@example.com, got ${show(issue.input)}`;
  return z.string({ error }).refine(isMailAddress, { error });
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

/** `22:00`, or null; kept as text. */
export function timeOfDay(example: string) {
  const error = (issue: { input?: unknown }): string =>
    `expected a time of day in quotes like "${example}", or null, got ${show(issue.input)}`;
  return z
    .string({ error })
    .regex(TIME_OF_DAY, { error })
    .meta({ valueType: 'time of day' })
    .nullable()
    .default(null);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A name of the time zone database, as `Europe/Berlin`, or null. */
export function timeZone() {
  const error = (issue: { input?: unknown }): string =>
    `expected a time zone like Europe/Berlin, or null, got ${show(issue.input)}`;
  return z
    .string({ error })
    .refine(isTimeZone, { error })
    .meta({ valueType: 'time zone' })
    .nullable()
    .default(null);
}
