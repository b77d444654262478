/** The address to listen on, as `host:port`, `[ipv6]:port` or `:port` for every interface. */

import { z } from 'zod';
import { show } from './option-types.js';

export interface ListenAddress {
  /** Undefined: every interface. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
}

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/;

export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = FORM.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || undefined), port };
}

const error = (issue: { input?: unknown }): string =>
  `expected host:port, like 127.0.0.1:9847 or :9847 for every interface, got ${show(issue.input)}`;

export const listenOption = z
  .string({ error })
  .refine((text) => parseListenAddress(text) !== undefined, { error })
  .meta({ valueType: 'host:port', description: 'Where /metrics, the page and the API are served.' })
  .transform((text): ListenAddress => parseListenAddress(text) ?? { host: undefined, port: 0 })
  .prefault('127.0.0.1:9847');
