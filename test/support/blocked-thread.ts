/** Tells whether a thread of this process waits in the kernel for somebody to open a named pipe's other end. */

import { readdirSync, readFileSync } from 'node:fs';

const TASKS = '/proc/self/task';
/** What the kernel calls it; a kernel that hides its names says 0 of all. */
const WAITS = 'wait_for_partner';

export function isThreadAtPipe(): boolean {
  const calls = readdirSync(TASKS).map((id) => readFileSync(`${TASKS}/${id}/wchan`, 'utf8'));
  return calls.includes(WAITS) || calls.every((call) => call === '0');
}
