/** Reads a whole HTTP response of bounded size, and notices one that is cut off. */

import type { IncomingMessage } from 'node:http';
import { SourceError } from '../source-error.js';

export function readBody(response: IncomingMessage, maxBytes: number, what: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes)
        response.destroy(new SourceError('protocol', `${what}: answer is over ${maxBytes} bytes`));
    });
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
    response.on('close', () => {
      // A connection that closes in mid-body gives no end.
      if (!response.readableEnded) reject(new SourceError('interrupted', `${what}: the answer was cut off`));
    });
  });
}
