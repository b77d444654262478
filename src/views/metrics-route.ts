/** Serves /metrics, compressed when the scraper asks for it. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';
import { shareAnswer } from './share-answer.js';
import type { UnsentAnswers } from './unsent-answers.js';

const gzipAsync = promisify(gzip);

/** Level 1 takes a third of the time of the default and gives four fifths of its effect. */
const GZIP_OPTIONS = { level: constants.Z_BEST_SPEED };

export function metricsRoute(
  render: () => Promise<Buffer>,
  contentType: string,
  unsent: UnsentAnswers,
): RequestHandler {
  /** Scrapes that came together share a page, and its packed form. */
  const packed = new WeakMap<Buffer, Promise<Buffer>>();

  function packOnce(page: Buffer): Promise<Buffer> {
    const packing = packed.get(page) ?? gzipAsync(page, GZIP_OPTIONS);
    packed.set(page, packing);
    return packing;
  }

  const pageNow = shareAnswer(render);
  return async (request, response) => {
    const page = await pageNow();
    response.set('content-type', contentType);
    response.set('vary', 'accept-encoding');
    if (!request.acceptsEncodings('gzip')) {
      unsent.send(response, page);
      return;
    }
    const body = await packOnce(page);
    response.set('content-encoding', 'gzip');
    unsent.send(response, body);
  };
}
