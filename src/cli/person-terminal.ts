/** The terminal that standard input and output are connected to. */

import type { Terminal } from '../views/terminal/watch.js';

const COLUMNS = 80;
const ROWS = 24;

/** Undefined where either end is a pipe or a file. */
export function personTerminal({
  stdin,
  stdout,
}: Pick<NodeJS.Process, 'stdin' | 'stdout'>): Terminal | undefined {
  if (stdout.isTTY !== true || stdin.isTTY !== true) return undefined;
  return {
    columns: () => stdout.columns || COLUMNS,
    rows: () => stdout.rows || ROWS,
    onKeys(handler) {
      const listener = (chunk: Buffer): void => handler(chunk.toString('utf8'));
      stdin.setRawMode(true);
      stdin.on('data', listener);
      stdin.resume();
      return () => {
        stdin.off('data', listener);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
    onResize(handler) {
      stdout.on('resize', handler);
      return () => stdout.off('resize', handler);
    },
  };
}
