/** Names what a thread waits for, by its state and the function of the kernel that it sleeps in. */

import type { Thread } from './process-table.js';

/** The most telling first. */
export const WAIT_KINDS = [
  'stopped',
  'traced',
  'disk',
  'socket',
  'pipe',
  'lock',
  'child',
  'signal',
  'sleep',
  'event',
  'running',
  'unknown',
  'zombie',
] as const;

export type WaitKind = (typeof WAIT_KINDS)[number];

/** Kernels rename these functions, so that only their beginnings are compared: 4.19 to 6.18. */
const CHANNELS: readonly (readonly [RegExp, WaitKind])[] = [
  [/^futex_/, 'lock'],
  [/^(wait_woken|sk_wait_data|sk_stream_wait|tcp_(recv|send)|inet_csk_accept|__skb_wait|unix_)/, 'socket'],
  [/^(anon_)?pipe_/, 'pipe'],
  [/^(do_wait|kernel_wait4|__do_wait)/, 'child'],
  [/^(hrtimer_nanosleep|do_nanosleep|common_nsleep)/, 'sleep'],
  [/^(poll_schedule|do_poll|do_sys_poll|do_select|ep_poll|do_epoll)/, 'event'],
  [/^(do_sigtimedwait|sigsuspend|sys_pause|__(x64|arm64)_sys_pause)/, 'signal'],
];

const STATES: Readonly<Record<string, WaitKind>> = {
  T: 'stopped',
  t: 'traced',
  Z: 'zombie',
  X: 'zombie',
  R: 'running',
  D: 'disk',
};

export function waitKindOf({ state, waitChannel }: Thread): WaitKind {
  return STATES[state] ?? CHANNELS.find(([pattern]) => pattern.test(waitChannel))?.[1] ?? 'unknown';
}

/** To follow "waits for"; a running, stopped or ended thread waits for nothing. */
export const WAITS_FOR: Readonly<Record<WaitKind, string>> = {
  stopped: '',
  traced: '',
  zombie: '',
  running: '',
  disk: 'a disk or network file system',
  socket: 'data from a socket',
  pipe: 'a pipe',
  lock: 'a lock',
  child: 'a child process',
  signal: 'a signal',
  sleep: 'the end of a sleep',
  event: 'an event (poll, select or epoll)',
  unknown: 'something unknown',
};
