/** The page at / and what keeps it live: the hour's history, the picture, and their routes. */

import type { Express } from 'express';
import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { Recovery } from '../recovery/recovery.js';
import type { Door } from './door/door.js';
import { createFleetHistory, type FleetHistory } from './history/fleet-history.js';
import { createEventHub } from './live/event-hub.js';
import { renderPagePicture } from './live/page-picture.js';
import { createPictureFeed } from './live/picture-feed.js';
import { packedJsonRoute } from './packed-json.js';
import { createAssetRoute } from './page-assets.js';
import { renderPageShell } from './page-shell.js';
import { type AlertingView, renderSilence } from './silence-routes.js';
import type { UnsentAnswers } from './unsent-answers.js';

export interface LivePage {
  readonly history: FleetHistory;
  addRoutes(app: Express): void;
  /** History is sampled from now on. */
  start(): void;
  /** Ends every stream of events. */
  close(): void;
}

export interface LivePageOptions {
  readonly fleet: Fleet;
  readonly verdicts: () => Verdicts;
  readonly recovery: Pick<Recovery, 'picture'>;
  readonly alerting?: Pick<AlertingView, 'silences'>;
  readonly journal: Pick<Journal, 'newest'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** A token is configured, so that actions can be allowed at all. */
  readonly canAct: () => boolean;
  /** Other machines may read without authentication. */
  readonly isExposed: () => boolean;
  readonly door: Pick<Door, 'isTrusted'>;
  readonly unsent: UnsentAnswers;
}

export function createLivePage(options: LivePageOptions): LivePage {
  const { fleet, verdicts, recovery, alerting, journal, clock, log, version, canAct, isExposed } = options;
  const { unsent } = options;
  const history = createFleetHistory(fleet, clock);
  const journalAt = (): string | null => journal.newest({ limit: 1 })[0]?.at ?? null;
  const silences = (nowMs: number) =>
    alerting?.silences.list().map((silence) => renderSilence(silence, nowMs)) ?? null;
  const facts = { fleet, verdicts, history, recovery, silences, version, journalAt, canAct, isExposed };
  const picture = createPictureFeed((nowMs) => renderPagePicture(facts, nowMs), clock);
  const events = createEventHub({ picture, clock, log, isTrusted: options.door.isTrusted });
  return {
    history,
    addRoutes(app) {
      const shell = renderPageShell();
      app.get('/', (_request, response) => {
        response.type('html').set('cache-control', 'no-cache').send(shell);
      });
      app.get(['/page/:file', '/picture/:file', '/lib/:file'], createAssetRoute());
      app.get('/api/v1/events', events.route);
      app.get(
        '/api/v1/picture',
        packedJsonRoute(() => picture().text, unsent),
      );
      app.get(
        '/api/v1/history',
        packedJsonRoute(() => JSON.stringify(history.render()), unsent),
      );
    },
    start: history.start,
    close() {
      history.stop();
      events.close();
    },
  };
}
