/**
 * Names of files whose bytes are no UTF-8: kept apart, shown as text, and found again on disk.
 *
 * Such a byte stands in a name as the half of a surrogate pair U+DC00 + byte, which no UTF-8 decodes to: the way of
 * Python's "surrogateescape" (https://peps.python.org/pep-0383/). Decoded as usual all of them would be U+FFFD, so that
 * two names become one, and neither is found.
 */

import { isUtf8 } from 'node:buffer';

const RAW_BYTE = 0xdc00;
const RAW_BYTES = /[\uDC80-\uDCFF]/u;
const EACH_RAW_BYTE = /[\uDC80-\uDCFF]/gu;
/** What Node.js gives for bytes that are no UTF-8; it can be a character of the name, too. */
const REPLACEMENT = '\uFFFD';

/** The name, decoded by Node.js, may have lost bytes. */
export function mayLackBytes(name: string): boolean {
  return name.includes(REPLACEMENT);
}

export function decodeFileName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find(
      (count) => at + count <= bytes.length && isUtf8(bytes.subarray(at, at + count)),
    );
    name +=
      length === undefined
        ? String.fromCharCode(RAW_BYTE + (bytes[at] ?? 0))
        : bytes.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return name;
}

/** What calls to the system need, so that the file that was listed is the one that is opened. */
export function pathOnDisk(path: string): string | Buffer {
  if (!RAW_BYTES.test(path)) return path;
  return Buffer.concat(
    path
      .split(/([\uDC80-\uDCFF])/u)
      .map((part) => (RAW_BYTES.test(part) ? Buffer.of(part.charCodeAt(0) - RAW_BYTE) : Buffer.from(part))),
  );
}

/** For people and labels: each such byte as `\xff`. */
export function visibleName(name: string): string {
  if (!RAW_BYTES.test(name)) return name;
  return name.replaceAll(EACH_RAW_BYTE, (byte) => `\\x${(byte.charCodeAt(0) - RAW_BYTE).toString(16)}`);
}
