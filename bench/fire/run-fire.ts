/** `npm run fire`: attacks a daemon in every way of the table in docs/security.md, and prints that table; `ROWS=crowd,unread` some. */

import { FAULT_ROWS } from './faults.js';
import { MESSAGE_ROWS } from './messages.js';
import { REQUEST_ROWS } from './requests.js';
import { SOURCE_ROWS } from './sources.js';
import type { FireRow, Outcome } from './target.js';

const NAMED = process.env['ROWS']?.split(',');
const ROWS: readonly FireRow[] = [...REQUEST_ROWS, ...SOURCE_ROWS, ...MESSAGE_ROWS, ...FAULT_ROWS];

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function rowOf(name: string, { done, held, isHeld, worstTickMs, peakRssMb }: Outcome): string {
  const verdict = `${isHeld ? '' : '**not held**: '}${held}`;
  return line([`\`${name}\``, done, verdict, worstTickMs.toFixed(0), peakRssMb.toFixed(0)]);
}

console.log(line(['row', 'done', 'held', 'worst tick ms', 'peak RSS MB']));
console.log(line(['---', '---', '---', '---', '---']));
for (const { name, attack } of ROWS.filter((row) => NAMED?.includes(row.name) ?? true)) {
  const outcome = await attack();
  console.log(rowOf(name, outcome));
  if (!outcome.isHeld) process.exitCode = 1;
}
