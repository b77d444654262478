import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PAGE_ASSET_PATHS, PAGE_MODULES } from '../../../src/views/page-assets.js';
import { SEVERITY_LOOKS, STATUS_LOOKS } from '../../../src/views/picture/vocabulary.js';
import { type SimulatedPage, serveSimulatedPage } from '../../support/simulated-page.js';

const SENT_LIMIT_BYTES = 80_000;
/** With 53 kB of uPlot, and without a minifier. */
const RAW_LIMIT_BYTES = 226_000;

/** Every module that `main.js` leads to, by what their sources import; what is imported as a type only is no file. */
function reachable(from: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  const folder = from.startsWith('/lib/') ? 'src' : 'src/views';
  const text = readFileSync(join(folder, from.replace(/\.js$/, '.ts')), 'utf8');
  for (const [, names = '', specifier = ''] of text.matchAll(/^import ([^;]*?) from '(\.[^']+)';/gms)) {
    const isTypeOnly = /^type\b/.test(names) || /^\{(?:\s*type [^,}]+,?)+\s*\}$/.test(names);
    if (!isTypeOnly) reachable(join(dirname(from), specifier), seen);
  }
  return seen;
}

describe('the files of the page', () => {
  let served: SimulatedPage;
  before(async () => {
    served = await serveSimulatedPage();
  });
  after(() => served.stop());

  it('are listed: every module that the page leads to, and no other', () => {
    assert.deepEqual([...reachable('/page/main.js')].sort(), [...PAGE_MODULES].sort());
  });

  it('come compressed, marked for what they are, and again only when they have changed', async () => {
    let raw = 0;
    let sent = 0;
    for (const path of ['/', ...PAGE_ASSET_PATHS]) {
      const response = await fetch(`${served.url}${path}`, { headers: { 'accept-encoding': 'gzip' } });
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('content-type') ?? '', /^(text\/(html|javascript|css)|image\/svg)/);
      raw += (await response.arrayBuffer()).byteLength;
      if (path === '/') continue;
      const etag = response.headers.get('etag') ?? '';
      sent += Number(await sizeOf(`${served.url}${path}`));
      const again = await fetch(`${served.url}${path}`, { headers: { 'if-none-match': etag } });
      assert.equal(again.status, 304, path);
    }
    assert.ok(sent < SENT_LIMIT_BYTES, `${sent} bytes sent`);
    assert.ok(raw < RAW_LIMIT_BYTES, `${raw} bytes`);
  });

  it('are all that can be read: no way leads out of the list', async () => {
    for (const path of [
      '/page/page.css.map',
      '/page/main.ts',
      '/picture/..%2fhttp-server.js',
      '/page/tsconfig.json',
    ]) {
      assert.equal((await fetch(`${served.url}${path}`)).status, 404, path);
    }
  });

  it('run under a policy without exceptions, and the page has nothing inline', async () => {
    const response = await fetch(`${served.url}/`);
    const policy = response.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none';script-src 'self';style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    const html = await response.text();
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?:\/\//);
  });
});

/** Bytes of the body as they are sent. */
async function sizeOf(url: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        assert.ok(gunzipSync(body).length > 0);
        resolve(body.length);
      });
    })
      .on('error', reject)
      .end();
  });
}

type Theme = Readonly<Record<string, string>>;

function readThemes(): { readonly light: Theme; readonly dark: Theme } {
  const css = readFileSync('src/views/page/page.css', 'utf8');
  const [, light = '', dark = ''] = css.split(/:root \{/);
  const read = (text: string): Theme =>
    Object.fromEntries(
      [...text.slice(0, text.indexOf('}')).matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(
        ([, name, value]) => [name ?? '', value ?? ''],
      ),
    );
  return { light: read(light), dark: read(dark) };
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

/** `share` of the first over the second, as `color-mix(in srgb, …)` does. */
function mix(one: string, other: string, share: number): string {
  const part = (at: number): string => {
    const value = (colour: string): number => Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(value(one) * share + value(other) * (1 - share))
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}

describe('the colours of the page', () => {
  const themes = readThemes();

  it('are those of the vocabulary in both themes', () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const [name, look] of Object.entries({ ...STATUS_LOOKS, ...SEVERITY_LOOKS })) {
        assert.equal(themes[scheme][name], look[scheme], `${name}, ${scheme}`);
      }
    }
  });

  for (const scheme of ['light', 'dark'] as const) {
    const theme = themes[scheme];
    const colour = (name: string): string => theme[name] ?? '';
    const atLeast = (limit: number, one: string, other: string, what: string): void => {
      const found = contrast(one, other);
      assert.ok(found >= limit, `${what}: ${found.toFixed(2)} in ${scheme}`);
    };

    it(`can be read: AA for text, 3 to 1 for shapes, ${scheme}`, () => {
      for (const ground of ['bg', 'card', 'sunken']) {
        for (const name of ['text', 'muted', 'link']) {
          atLeast(4.5, colour(name), colour(ground), `${name} on ${ground}`);
        }
      }
      for (const name of [...Object.keys(STATUS_LOOKS), ...Object.keys(SEVERITY_LOOKS)]) {
        atLeast(4.5, colour(name), colour('card'), `${name} on card`);
        atLeast(3, colour(name), mix(colour(name), colour('card'), 0.13), `${name} on its tile`);
      }
      for (const name of ['link', 'warning', 'critical']) {
        atLeast(4.5, colour('card'), colour(name), `card on ${name}`);
      }
      atLeast(3, colour('idle'), colour('sunken'), 'idle on its tile');
      atLeast(3, colour('starting'), colour('sunken'), 'memory in use on its bar');
    });
  }
});
