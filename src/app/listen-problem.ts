/** Says why the HTTP server cannot listen, and what to do. */

import type { Config } from '../config/schema.js';
import { describeError, errorCode } from '../lib/describe-error.js';

export function listenProblem(error: unknown, { listen }: Config): string {
  const address = `${listen.host ?? ''}:${listen.port}`;
  if (errorCode(error) === 'EADDRINUSE') {
    return `cannot listen on ${address}: another program uses the port; stop it or set listen`;
  }
  return `cannot listen on ${address}: ${describeError(error)}; set listen`;
}
