/** Names in the log the hosts that requests asked for and that are not answered, once each and not many. */

import type { Logger } from '../lib/logger.js';

const MAX_NAMED = 10;
const MAX_LENGTH = 100;

export function createForeignHostWatch(log: Pick<Logger, 'warn'>): (host: string) => void {
  const named = new Set<string>();
  return (given) => {
    const host = given.slice(0, MAX_LENGTH);
    if (named.size >= MAX_NAMED || named.has(host)) return;
    named.add(host);
    log.warn(
      { host },
      'a request for a host name that is not answered; add it to web.allowed_hosts if it is yours',
    );
  };
}
