/** The form of the Docker API: its versions, its paths, its errors. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../http-service.js';

export const ENGINE_VERSION = '20.10.24';
export const API_VERSION = '1.41';
const MIN_API_VERSION = '1.12';

export interface EngineCall {
  readonly method: string;
  /** Without its version: `/containers/json`. */
  readonly path: string;
  readonly version: string | undefined;
  readonly params: URLSearchParams;
}

/** True when it has answered, or will. */
export type EngineRoute = (call: EngineCall, response: ServerResponse) => boolean;

export function splitPath({ method = 'GET', url = '/' }: IncomingMessage): EngineCall {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const [, version, path = pathname] = /^\/v(\d+\.\d+)(\/.*)$/.exec(pathname) ?? [];
  return { method, path, version, params: searchParams };
}

/** What is wrong with the version that a client speaks. */
export function checkVersion(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  if (compare(version, API_VERSION) > 0)
    return `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`;
  if (compare(version, MIN_API_VERSION) < 0)
    return `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`;
  return undefined;
}

function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}

export function sendProblem(response: ServerResponse, status: number, message: string): void {
  sendJson(response, { message }, status);
}

/** Flags of a query, as the engine reads them: https://github.com/moby/moby/blob/master/api/server/httputils/form.go */
export function isOn(value: string | null): boolean {
  return !isOff(value ?? '');
}

export function isOff(value: string | null): boolean {
  return value !== null && ['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}
