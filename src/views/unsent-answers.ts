/**
 * Sends large answers and bounds what of them all clients together have not read yet: beyond the bound the answer that
 * waits longest is cut off. Without it clients that ask and never read would fill the memory.
 */

import type { ServerResponse } from 'node:http';

export interface UnsentAnswers {
  /** Ends the response with `body`. */
  send(response: ServerResponse, body: Buffer): void;
}

const MAX_UNSENT_BYTES = 128 * 1024 * 1024;

export function createUnsentAnswers(maxBytes = MAX_UNSENT_BYTES): UnsentAnswers {
  /** The oldest first. */
  const waiting = new Map<ServerResponse, Buffer>();
  /** How many answers have the same body, which is in memory once. */
  const uses = new Map<Buffer, number>();
  let bytes = 0;

  function hold(response: ServerResponse, body: Buffer): void {
    waiting.set(response, body);
    const before = uses.get(body) ?? 0;
    uses.set(body, before + 1);
    if (before === 0) bytes += body.length;
  }

  function release(response: ServerResponse): void {
    const body = waiting.get(response);
    if (!body) return;
    waiting.delete(response);
    const left = (uses.get(body) ?? 1) - 1;
    if (left > 0) uses.set(body, left);
    else {
      uses.delete(body);
      bytes -= body.length;
    }
  }

  return {
    send(response, body) {
      hold(response, body);
      response.once('close', () => release(response));
      response.end(body);
      for (const oldest of waiting.keys()) {
        if (bytes <= maxBytes || oldest === response) return;
        release(oldest);
        oldest.destroy();
      }
    },
  };
}
