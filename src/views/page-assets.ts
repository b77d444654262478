/** The files of the page, by an explicit list: nothing else of the installation can be read through it. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

const gzipAsync = promisify(gzip);

const PAGE_FILES = [
  'actions',
  'api',
  'card-focus',
  'card-place',
  'copy-button',
  'dialog',
  'dom',
  'event-stream',
  'feed',
  'filter-view',
  'flow-view',
  'gpus-view',
  'header-view',
  'journal-view',
  'journal-words',
  'keyed-list',
  'main',
  'orchestrators-view',
  'others-view',
  'problem-item',
  'problems-view',
  'scope',
  'selection',
  'shapes',
  'silences',
  'sources-view',
  'sparkline',
  'stage-card',
  'status-strip',
  'tile-keys',
  'token',
  'worker-card',
  'worker-tile',
  'workers-view',
] as const;

const PICTURE_FILES = [
  'bottleneck',
  'broker-container',
  'broker-view',
  'flow',
  'format',
  'gaps',
  'others',
  'people',
  'picture',
  'problem-commands',
  'problems',
  'recovery',
  'sentence',
  'surroundings',
  'vocabulary',
] as const;

/** How times and counts are said is the daemon's own; a relative path from /picture/ ends at the root. */
const LIB_FILES = ['counted', 'duration'] as const;

/** Paths of the modules, which import each other by relative paths. */
export const PAGE_MODULES: readonly string[] = [
  ...PAGE_FILES.map((name) => `/page/${name}.js`),
  ...PICTURE_FILES.map((name) => `/picture/${name}.js`),
  ...LIB_FILES.map((name) => `/lib/${name}.js`),
];

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

interface AssetPlace {
  readonly url: () => URL;
  readonly type: string;
}

/** Beside this module or its folder; of packages, where they are installed. */
const PLACES: ReadonlyMap<string, AssetPlace> = new Map<string, AssetPlace>([
  ...PAGE_MODULES.map((path): [string, AssetPlace] => [path, { url: () => beside(path), type: JAVASCRIPT }]),
  ['/page/page.css', { url: () => beside('/page/page.css'), type: CSS }],
  ['/page/icon.svg', { url: () => beside('/page/icon.svg'), type: 'image/svg+xml' }],
  ['/page/uplot.js', { url: () => ofUplot('uPlot.iife.min.js'), type: JAVASCRIPT }],
  ['/page/uplot.css', { url: () => ofUplot('uPlot.min.css'), type: CSS }],
]);

export const PAGE_ASSET_PATHS: readonly string[] = [...PLACES.keys()];

function beside(path: string): URL {
  return new URL(`${path.startsWith('/lib/') ? '..' : '.'}${path}`, import.meta.url);
}

function ofUplot(file: string): URL {
  return new URL(file, import.meta.resolve('uplot/dist/uPlot.esm.js'));
}

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** Answers only for paths of the list; reads each file once, when it is first asked for. */
export function createAssetRoute(): RequestHandler {
  const loaded = new Map<string, Promise<Asset>>();

  function load(path: string, place: AssetPlace): Promise<Asset> {
    const known = loaded.get(path);
    if (known) return known;
    const asset = readAsset(place);
    loaded.set(path, asset);
    // What could not be read is tried again.
    asset.catch(() => loaded.delete(path));
    return asset;
  }

  return async (request, response, next) => {
    const place = PLACES.get(request.path);
    if (!place) {
      next();
      return;
    }
    const asset = await load(request.path, place);
    response.set('content-type', asset.type);
    response.set('vary', 'accept-encoding');
    // Always asked for anew, and answered by 304 while it is the same: an upgrade shows at once.
    response.set('cache-control', 'no-cache');
    response.set('etag', asset.etag);
    if (request.headers['if-none-match'] === asset.etag) {
      response.status(304).end();
    } else if (request.acceptsEncodings('gzip') === 'gzip') {
      response.set('content-encoding', 'gzip');
      response.end(asset.packed);
    } else {
      response.end(asset.plain);
    }
  };
}

async function readAsset({ url, type }: AssetPlace): Promise<Asset> {
  const plain = await readFile(url());
  const packed = await gzipAsync(plain, { level: constants.Z_BEST_COMPRESSION });
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 16)}"`;
  return { type, etag, plain, packed };
}
