/** A growing UTF-8 buffer that text is appended to without joining it first. */

export interface PageBuffer {
  append(text: string): void;
  readonly byteLength: number;
  /** Forgets what was appended after this length. */
  truncate(byteLength: number): void;
  /** What was appended; the buffer must not be used after this. */
  finish(): Buffer;
}

/** A UTF-16 unit takes at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
const MIN_BYTES = 4096;

/** `expectedBytes` saves growing when the guess is good. */
export function createPageBuffer(expectedBytes: number): PageBuffer {
  let buffer = Buffer.allocUnsafeSlow(Math.max(expectedBytes, MIN_BYTES));
  let length = 0;
  return {
    append(text) {
      const needed = length + text.length * MAX_BYTES_PER_UNIT;
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, buffer.length * 2));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      length += buffer.write(text, length, 'utf8');
    },
    get byteLength() {
      return length;
    },
    truncate(byteLength) {
      length = byteLength;
    },
    finish: () => buffer.subarray(0, length),
  };
}
