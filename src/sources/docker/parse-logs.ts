/** Reads what a container has printed: both streams out of the engine's frames, the last lines of them within bounds. */

import type { LogLine, LogTail } from '../../fleet/engine-answers.js';

export interface LogTailReader {
  push(chunk: Buffer): void;
  /** What is there, an unfinished last line included. */
  end(): LogTail;
}

export interface LogTailOptions {
  readonly isTty: boolean;
  readonly maxLines: number;
  readonly maxBytes: number;
}

type Stream = LogLine['stream'];

const HEADER_BYTES = 8;
/** A longer line is kept by its beginning. */
const MAX_LINE_BYTES = 16 * 1024;

export function createLogTailReader(options: LogTailOptions): LogTailReader {
  const tail = createTail(options);
  const lines = createLines(tail.push);
  const frames = options.isTty ? undefined : createFrames(lines.push);
  return {
    push(chunk) {
      if (frames) frames.push(chunk);
      else lines.push('all', chunk);
    },
    end() {
      lines.end();
      return tail.read();
    },
  };
}

/**
 * Each frame: one byte for the stream (1 stdout, 2 stderr), three of nothing, four for the length.
 * https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach
 */
function createFrames(onPart: (stream: Stream, part: Buffer) => void) {
  let header = Buffer.alloc(0);
  let stream: Stream = 'stdout';
  let leftBytes = 0;
  return {
    push(chunk: Buffer): void {
      let rest = chunk;
      while (rest.length > 0) {
        if (leftBytes > 0) {
          const part = rest.subarray(0, leftBytes);
          leftBytes -= part.length;
          rest = rest.subarray(part.length);
          onPart(stream, part);
          continue;
        }
        const missing = HEADER_BYTES - header.length;
        header = Buffer.concat([header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (header.length < HEADER_BYTES) return;
        stream = header[0] === 2 ? 'stderr' : 'stdout';
        leftBytes = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      }
    },
  };
}

/** The streams come interleaved: each has its own unfinished line. */
function createLines(onLine: (line: LogLine) => void) {
  const pending = new Map<Stream, Buffer>();

  function finish(stream: Stream, bytes: Buffer): void {
    const text = bytes.subarray(0, MAX_LINE_BYTES).toString('utf8').replace(/\r$/, '');
    onLine({ stream, text });
  }

  return {
    push(stream: Stream, part: Buffer): void {
      let rest = part;
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        finish(stream, Buffer.concat([pending.get(stream) ?? Buffer.alloc(0), rest.subarray(0, end)]));
        pending.delete(stream);
        rest = rest.subarray(end + 1);
      }
      const known = pending.get(stream) ?? Buffer.alloc(0);
      // What is beyond the longest line is read and not kept.
      const kept = rest.subarray(0, Math.max(0, MAX_LINE_BYTES - known.length));
      if (rest.length > 0) pending.set(stream, Buffer.concat([known, kept]));
    },
    end(): void {
      for (const [stream, bytes] of pending) if (bytes.length > 0) finish(stream, bytes);
      pending.clear();
    },
  };
}

function createTail({ maxLines, maxBytes }: LogTailOptions) {
  let lines: { readonly line: LogLine; readonly bytes: number }[] = [];
  let bytes = 0;
  let isCut = false;

  function drop(): void {
    let from = 0;
    while (from < lines.length && (lines.length - from > maxLines || bytes > maxBytes)) {
      bytes -= lines[from]?.bytes ?? 0;
      from++;
    }
    if (from > 0) isCut = true;
    lines = from > 0 ? lines.slice(from) : lines;
  }

  return {
    push(line: LogLine): void {
      const size = Buffer.byteLength(line.text) + 1;
      lines.push({ line, bytes: size });
      bytes += size;
      // Now and then, so that each line costs little.
      if (lines.length > maxLines * 2 || bytes > maxBytes * 2) drop();
    },
    read(): LogTail {
      drop();
      return { lines: lines.map(({ line }) => line), isCut };
    },
  };
}
