/** Cuts a byte stream into lines, holding at most one unfinished line of bounded size. */

const NEWLINE = 0x0a;

export interface LineSplitter {
  /** Hands each finished line to `onLine`, without its newline, in order. */
  push(chunk: Uint8Array): void;
}

export interface LineSplitterOptions {
  readonly maxLineBytes: number;
  readonly onLine: (line: string) => void;
  /** A line over the limit is dropped up to its newline, and reported once. */
  readonly onOversized: () => void;
}

export function createLineSplitter({ maxLineBytes, onLine, onOversized }: LineSplitterOptions): LineSplitter {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let isSkipping = false;

  function keep(part: Uint8Array): void {
    if (isSkipping) return;
    if (pendingBytes + part.length > maxLineBytes) {
      pending = [];
      pendingBytes = 0;
      isSkipping = true;
      onOversized();
      return;
    }
    if (part.length > 0) pending.push(part);
    pendingBytes += part.length;
  }

  function finishLine(): void {
    const line = isSkipping ? '' : Buffer.concat(pending).toString('utf8').trim();
    pending = [];
    pendingBytes = 0;
    isSkipping = false;
    if (line !== '') onLine(line);
  }

  return {
    push(chunk) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, end));
        finishLine();
        from = end + 1;
      }
      keep(chunk.subarray(from));
    },
  };
}
