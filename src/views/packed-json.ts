/** Sends large JSON compressed to whoever takes it so. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import type { UnsentAnswers } from './unsent-answers.js';

const gzipAsync = promisify(gzip);

/** Level 1 takes a third of the time of the default and gives four fifths of its effect. */
const PACKING = { level: constants.Z_BEST_SPEED };

export type SendPackedJson = (request: Request, response: Response, data: string) => Promise<void>;

/** `data` is JSON already; it goes out in the envelope of the API. */
export function createPackedJson(unsent: UnsentAnswers): SendPackedJson {
  return async (request, response, data) => {
    const body = Buffer.from(`{"status":"success","data":${data}}`);
    response.set('content-type', 'application/json; charset=utf-8');
    response.set('vary', 'accept-encoding');
    if (request.acceptsEncodings('gzip') !== 'gzip') {
      unsent.send(response, body);
      return;
    }
    const packed = await gzipAsync(body, PACKING);
    response.set('content-encoding', 'gzip');
    unsent.send(response, packed);
  };
}
