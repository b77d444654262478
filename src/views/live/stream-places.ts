/** Decides who gets one of the places at the event stream: no address takes all, and some are kept for known clients. */

import { counted } from '../../lib/counted.js';

export interface StreamReader {
  readonly address: string;
  /** It has shown right credentials. */
  readonly isTrusted: boolean;
}

export interface PlaceLimits {
  readonly all: number;
  /** For readers without credentials. */
  readonly perAddress: number;
  /** Of all, those that readers without credentials never get. */
  readonly reserved: number;
}

export const STREAM_PLACES: PlaceLimits = { all: 64, perAddress: 16, reserved: 16 };

/** Why there is none; undefined: it gets one. */
export function refusePlace(
  { address, isTrusted }: StreamReader,
  readers: readonly StreamReader[],
  { all, perAddress, reserved }: PlaceLimits,
): string | undefined {
  if (readers.length >= all) return `${counted(all, 'client')} read the events already`;
  if (isTrusted) return undefined;
  const strangers = readers.filter((one) => !one.isTrusted);
  if (strangers.filter((one) => one.address === address).length >= perAddress) {
    return `${counted(perAddress, 'client')} of this address read the events already`;
  }
  return strangers.length >= all - reserved
    ? `${counted(strangers.length, 'client')} without credentials read the events already`
    : undefined;
}
