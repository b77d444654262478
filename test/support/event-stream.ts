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
      /** Of the event that is still coming; joined once it is whole, for it may be of megabytes. */
      let pieces: string[] = [];
      const isPacked = response.headers['content-encoding'] === 'gzip';
      const text = isPacked ? response.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : response;
      text.setEncoding('utf8').on('data', (piece: string) => {
        const endsHere = piece.includes('\n\n') || (piece.startsWith('\n') && pieces.at(-1)?.endsWith('\n'));
        pieces.push(piece);
        if (!endsHere) return;
        const blocks = pieces.join('').split('\n\n');
        pieces = [blocks.pop() ?? ''];
        for (const block of blocks) events.push(parseBlock(block));
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

function parseBlock(block: string): StreamEvent {
  const lines = block.split('\n');
  const field = (name: string): string =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
  return { event: field('event'), data: field('data') };
}
