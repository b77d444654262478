/** A door for servers in tests: open for reading, with a token or none for acting. */

import { OPEN_ACCESS } from '../../src/config/read-web-file.js';
import { systemClock } from '../../src/lib/clock.js';
import { createDoor } from '../../src/views/door/door.js';
import type { DoorSettings } from '../../src/views/door/door-settings.js';

export const OPEN_SETTINGS: DoorSettings = {
  bearerToken: null,
  readToken: null,
  access: OPEN_ACCESS,
  hosts: { names: new Set(), patterns: [] },
  externalOrigins: new Set(),
};

export function openDoor(token: () => string | null) {
  const door = createDoor({
    settings: () => ({ ...OPEN_SETTINGS, bearerToken: token() }),
    clock: systemClock,
    onUnauthorized: () => undefined,
    onForeignHost: () => undefined,
  });
  return { door, canAct: () => token() !== null, isExposed: () => false, tls: () => null };
}
