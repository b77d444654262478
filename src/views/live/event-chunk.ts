/** An event of a stream, written once and compressed once for all clients that read it. */

import { constants, deflateRawSync } from 'node:zlib';

export interface EventChunk {
  readonly plain: Buffer;
  /** A piece of a gzip stream that is valid after any other piece. */
  readonly packed: Buffer;
}

/** What a gzip stream begins with: no name, no time, unknown system. Its pieces follow in any number. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/**
 * A full flush ends the piece on a byte and forgets what came before, so that the same bytes suit every client,
 * whichever pieces it has had.
 */
const PACKING = { level: 3, finishFlush: constants.Z_FULL_FLUSH };

export function createEventChunk(text: string): EventChunk {
  const plain = Buffer.from(text);
  let packed: Buffer | undefined;
  return {
    plain,
    get packed() {
      packed ??= deflateRawSync(plain, PACKING);
      return packed;
    },
  };
}
