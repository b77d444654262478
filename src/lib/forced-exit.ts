/** Lets the process end although one of its threads hangs in a system call, which Node.js would wait for for ever. */

let isArranged = false;

/**
 * When the process has nothing more to do it ends by SIGTERM: the exit status is 143 instead of 0, which service
 * managers count as clean. As process 1 of a container signals to oneself do nothing, and the engine's own limit rules.
 */
export function endByForceAtExit(): void {
  if (isArranged) return;
  isArranged = true;
  process.once('exit', () => {
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
    process.kill(process.pid, 'SIGKILL');
  });
}
