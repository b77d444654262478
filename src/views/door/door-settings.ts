/** What the door goes by: secrets, the web configuration file, and the names of this daemon. */

import type { WebAccess } from '../../config/read-web-file.js';
import type { KnownHosts } from './hosts.js';

export interface DoorSettings {
  /** For acting, and reading too. Null: no client may act. */
  readonly bearerToken: string | null;
  readonly readToken: string | null;
  readonly access: WebAccess;
  readonly hosts: KnownHosts;
  /** Under which a proxy shows the page. */
  readonly externalOrigins: ReadonlySet<string>;
}
