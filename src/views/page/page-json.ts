/** What the page reads of the daemon's JSON, beside what every picture is made of. */

import type { FleetJson, RecoveryJson } from '../picture/api-shapes.js';

type Maybe<T> = T | null | undefined;

/** `GET /api/v1/picture`, and the event `fleet`. */
export interface PageJson extends FleetJson {
  readonly version?: Maybe<string>;
  readonly canAct?: Maybe<boolean>;
  readonly isExposed?: Maybe<boolean>;
  readonly journalAt?: Maybe<string>;
  /** Null: this daemon has no recovery, no silences. */
  readonly recovery?: Maybe<RecoveryJson>;
  readonly silences?: Maybe<readonly SilenceJson[]>;
}

export interface SilenceJson {
  readonly id: string;
  readonly matchers?: Maybe<Readonly<Record<string, string>>>;
  readonly endsAt?: Maybe<string>;
  readonly by?: Maybe<string>;
  readonly comment?: Maybe<string>;
  readonly isActive?: Maybe<boolean>;
}

/** One entry of the journal; fields differ by type. */
export interface JournalJson {
  readonly at: string;
  readonly type: string;
  readonly [field: string]: unknown;
}
