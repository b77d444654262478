/** What the views are handed to draw, and what they may ask for. */

import type { HistoryJson } from '../picture/api-shapes.js';
import type { Picture } from '../picture/picture.js';
import type { Actions } from './actions.js';
import type { FeedState } from './feed.js';
import type { JournalJson, PageJson } from './page-json.js';
import type { Selection } from './selection.js';

export interface Shown {
  readonly picture: Picture;
  readonly page: PageJson;
  readonly history: HistoryJson | null;
  readonly journal: readonly JournalJson[];
  readonly selection: Selection;
  /** What the selection narrows the lists to. */
  readonly scope: Scope;
  readonly feed: FeedState;
  /** Of what is shown, by the daemon's clock. */
  readonly ageMs: number;
  /** A token is at hand that the daemon has not refused. */
  readonly hasToken: boolean;
}

export interface Scope {
  readonly stage: string | null;
  readonly gpu: string | null;
  /** A worker or orchestrator. */
  readonly container: string | null;
  readonly finding: string | null;
  /** In lower case. */
  readonly text: string;
}

export interface PageContext {
  /** Changes the selection and the address. */
  select(change: Partial<Selection>): void;
  readonly actions: Actions;
}

export interface View {
  update(shown: Shown): void;
}
