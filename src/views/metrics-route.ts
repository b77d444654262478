/** Serves /metrics, compressed when the scraper asks for it. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

const gzipAsync = promisify(gzip);

/** Level 1 takes a third of the time of the default and gives four fifths of its effect. */
const GZIP_OPTIONS = { level: constants.Z_BEST_SPEED };

export function metricsRoute(render: () => Promise<Buffer>, contentType: string): RequestHandler {
  return async (request, response) => {
    const page = await render();
    response.set('content-type', contentType);
    response.set('vary', 'accept-encoding');
    if (!request.acceptsEncodings('gzip')) {
      response.end(page);
      return;
    }
    const packed = await gzipAsync(page, GZIP_OPTIONS);
    response.set('content-encoding', 'gzip');
    response.end(packed);
  };
}
