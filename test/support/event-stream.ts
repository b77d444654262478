/** Reads server-sent events as they come. */

import { type IncomingMessage, request } from 'node:http';
import { constants, createGunzip } from 'node:zlib';

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

export interface StreamReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** So far, in order. */
  readonly events: readonly StreamEvent[];
  readonly hasEnded: boolean;
  /** Reads nothing more until it is told to read on. */
  pause(): void;
  resume(): void;
  close(): void;
}

export function readEvents(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<StreamReader> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (response) => {
      const events: StreamEvent[] = [];
      let hasEnded = false;
      let pending = '';
      const isPacked = response.headers['content-encoding'] === 'gzip';
      const text = isPacked ? response.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : response;
      text.setEncoding('utf8').on('data', (piece: string) => {
        const blocks = (pending + piece).split('\n\n');
        pending = blocks.pop() ?? '';
        for (const block of blocks) {
          const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
          events.push({ event: field('event'), data: field('data') });
        }
      });
      text.on('end', () => {
        hasEnded = true;
      });
      text.on('error', reject);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        events,
        get hasEnded() {
          return hasEnded;
        },
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        close: () => void asked.destroy(),
      });
    });
    asked.on('error', reject).end();
  });
}
