/** Reads a stream a piece at a time, so that one that never stops leaves the event loop to others half of the time. */

import type { Readable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';

/** Shorter work is no burden. */
const LIGHT_MS = 2;

/** `take` is handed each piece; the next one is read when the loop has turned, and has rested as long as the last took. */
export function readPaced(stream: Readable, clock: Clock, take: (piece: Buffer) => void): void {
  const resume = (): void => void stream.resume();
  stream.on('data', (piece: Buffer) => {
    const startedMs = clock.monotonicMs();
    stream.pause();
    take(piece);
    const tookMs = clock.monotonicMs() - startedMs;
    if (tookMs > LIGHT_MS) clock.after(Math.ceil(tookMs), resume);
    else setImmediate(resume);
  });
}
