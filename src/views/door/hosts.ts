/**
 * Decides whether a request names this daemon as its host, and whether a POST comes from its own page.
 *
 * A page on the internet can make its own name lead to 127.0.0.1 or into the local network (DNS rebinding) and then reads
 * what is there as its own. The browser names that page's host in such a request, and only in such a request: what cannot
 * be a name of the internet (an address, a name without a dot) is harmless.
 */

import { isIP } from 'node:net';
import { matchesGlob } from '../../lib/glob.js';

export interface KnownHosts {
  /** Whole names in lower case: the machine's, that of `listen`, those of external URLs. */
  readonly names: ReadonlySet<string>;
  /** Name patterns of the configuration, in lower case. */
  readonly patterns: readonly string[];
}

/** `header`: the Host header; undefined for clients of HTTP/1.0, which no browser is. */
export function isKnownHost(header: string | undefined, { names, patterns }: KnownHosts): boolean {
  if (header === undefined) return true;
  const host = hostOf(header);
  if (host === undefined) return false;
  return (
    isIP(host) !== 0 ||
    !host.includes('.') ||
    host.endsWith('.localhost') ||
    names.has(host) ||
    patterns.some((pattern) => matchesGlob(pattern, host))
  );
}

/** A POST without Origin comes from no browser's page. `externalOrigins`: under which a proxy shows the page. */
export function isOwnOrigin(
  origin: string | undefined,
  hostHeader: string | undefined,
  externalOrigins: ReadonlySet<string>,
): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (externalOrigins.has(url.origin)) return true;
  const own = `${url.protocol}//${hostHeader ?? ''}`;
  return hostHeader !== undefined && URL.canParse(own) && new URL(own).host === url.host;
}

/** In lower case, without port, brackets and the dot of the root; undefined: it is none. */
function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]\\]+))(?::\d{1,5})?$/.exec(header.trim().toLowerCase());
  const host = match?.[1] ?? match?.[2]?.replace(/\.$/, '');
  return host === '' ? undefined : host;
}
