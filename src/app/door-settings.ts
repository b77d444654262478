/** What the door asks of the configuration, as it is now. */

import { hostname } from 'node:os';
import type { WebAccess } from '../config/read-web-file.js';
import type { Config } from '../config/schema.js';
import type { DoorSettings } from '../views/door/door-settings.js';

export function doorSettingsOf({ web, alerts, listen }: Config, access: WebAccess): DoorSettings {
  const external = [web.external_url, alerts.external_url].flatMap((url) =>
    url === null ? [] : new URL(url),
  );
  const names = [hostname(), ...(listen.host ? [listen.host] : []), ...external.map((url) => url.hostname)];
  return {
    bearerToken: web.bearer_token,
    readToken: web.read_token,
    access,
    hosts: {
      names: new Set(names.map((name) => name.toLowerCase())),
      patterns: web.allowed_hosts.map((pattern) => pattern.toLowerCase()),
    },
    externalOrigins: new Set(external.map(({ origin }) => origin)),
  };
}
