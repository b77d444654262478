/** Reads server-sent events by fetch, which shows the token where one is kept; EventSource cannot. */

import { showToken } from './api.js';
import { readToken } from './token.js';

export interface EventStream {
  close(): void;
}

/** `onEnd` is called once, when the stream was refused, has ended or is broken; not after `close`. */
export function openEvents(
  path: string,
  onEvent: (event: string, data: string) => void,
  onEnd: () => void,
): EventStream {
  const ended = new AbortController();

  async function read(): Promise<void> {
    const headers = { accept: 'text/event-stream', ...showToken(readToken()) };
    const response = await fetch(path, { headers, cache: 'no-store', signal: ended.signal });
    const reader = response.ok ? response.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
    let pending: string[] = [];
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
      pending.push(piece.value);
      // A picture comes in hundreds of pieces: they are joined when an event ends.
      if (!/\n\n|^\n/.test(piece.value)) continue;
      const blocks = pending.join('').split('\n\n');
      pending = [blocks.pop() ?? ''];
      for (const block of blocks) hand(block);
    }
  }

  function hand(block: string): void {
    const lines = block.split('\n');
    const fieldOf = (field: string): string | undefined =>
      lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
    const data = fieldOf('data');
    if (data !== undefined) onEvent(fieldOf('event') ?? 'message', data);
  }

  const end = (): void => {
    if (!ended.signal.aborted) onEnd();
  };
  read().then(end, end);
  return { close: () => ended.abort() };
}
