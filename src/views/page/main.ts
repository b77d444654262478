/** Starts the page: takes pictures from the feed, and draws what is new about them, once a second at least. */

import type { HistoryJson } from '../picture/api-shapes.js';
import { parseTime } from '../picture/format.js';
import { describePicture } from '../picture/picture.js';
import { createActions } from './actions.js';
import { askFor } from './api.js';
import { watchTiles } from './card-focus.js';
import { byId, setAttribute, setHidden, setText } from './dom.js';
import { type FeedState, startFeed } from './feed.js';
import { createFilterView } from './filter-view.js';
import { createFlowView } from './flow-view.js';
import { createGpusView } from './gpus-view.js';
import { createHeaderView } from './header-view.js';
import { createJournalView } from './journal-view.js';
import { createOrchestratorsView } from './orchestrators-view.js';
import { createOthersView } from './others-view.js';
import type { JournalJson, PageJson } from './page-json.js';
import { createProblemsView } from './problems-view.js';
import { scopeOf } from './scope.js';
import { formatSelection, NOTHING_SELECTED, parseSelection, type Selection } from './selection.js';
import type { PageContext, Shown } from './shown.js';
import { createSourcesView } from './sources-view.js';
import { createWorkerCard } from './worker-card.js';
import { createWorkersView } from './workers-view.js';

const TICK_MS = 1000;
const HISTORY_EVERY_MS = 15_000;
const JOURNAL_ENTRIES = 300;

let page: PageJson | undefined;
/** Since the page was opened, when the daemon was last heard. */
let heardAtMs = 0;
/** The daemon's clock then. */
let daemonAtMs = 0;
let feedState: FeedState = 'connecting';
let history: HistoryJson | null = null;
let historyAtMs = Number.NEGATIVE_INFINITY;
let journal: readonly JournalJson[] = [];
let journalOf: string | null | undefined;
let selection: Selection = parseSelection(location.hash) ?? NOTHING_SELECTED;
let isDrawing = false;

const actions = createActions(schedule);
const context: PageContext = {
  actions,
  select(change) {
    selection = { ...selection, ...change };
    const hash = formatSelection(selection);
    // Without a hash `replaceState` needs the path, or the old one stays.
    window.history.replaceState(null, '', hash === '' ? location.pathname : hash);
    schedule();
  },
};
const workers = createWorkersView(context);
const card = createWorkerCard(context);
const views = [
  createHeaderView(),
  createFilterView(context),
  createProblemsView(context),
  createFlowView(context),
  createGpusView(context),
  workers,
  createOrchestratorsView(context),
  createOthersView(),
  createJournalView(context),
  createSourcesView(),
];
const focus = watchTiles(byId('workers'), card.element, context, schedule);

function schedule(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw(): void {
  if (!page) {
    if (feedState === 'lost') setText(byId('age'), 'stagewatch does not answer');
    return;
  }
  performance.mark('draw');
  const elapsedMs = performance.now() - heardAtMs;
  // What is old is not carried on: nobody knows whether it still lasts.
  const nowMs = daemonAtMs + (feedState === 'live' || feedState === 'polling' ? elapsedMs : 0);
  const picture = describePicture({ fleet: page, recovery: page.recovery ?? null, history, nowMs });
  const shown: Shown = {
    picture,
    page,
    history,
    journal,
    selection,
    scope: scopeOf(selection, picture),
    feed: feedState,
    ageMs: elapsedMs,
    hasToken: actions.hasToken && page.canAct === true,
  };
  for (const view of views) view.update(shown);
  actions.refresh(picture.workers);
  drawCard(shown);
  drawFooter(page);
  document.body.classList.remove('is-empty');
  performance.measure('update', 'draw');
}

function drawCard(shown: Shown): void {
  const pinned = shown.scope.container;
  const container = focus.hovered ?? pinned;
  const worker = shown.picture.workers.find((one) => one.container === container) ?? null;
  const tile = worker ? (workers.tileOf(worker.container) ?? null) : null;
  card.update(tile ? worker : null, shown, tile, container === pinned);
}

function drawFooter({ version, canAct, isExposed }: PageJson): void {
  setHidden(byId('exposed'), isExposed !== true);
  setText(byId('version'), version ? `stagewatch ${version}` : 'stagewatch');
  const unlock = byId('unlock');
  setHidden(unlock, canAct !== true);
  setText(unlock, actions.hasToken ? 'Forget the token' : 'Allow actions…');
  setAttribute(unlock, 'aria-pressed', String(actions.hasToken));
}

async function fetchHistory(): Promise<void> {
  historyAtMs = performance.now();
  const answer = await askFor<HistoryJson>('/api/v1/history');
  if (answer.kind === 'ok') history = answer.data;
  schedule();
}

async function fetchJournal(newest: string | null | undefined): Promise<void> {
  journalOf = newest;
  const answer = await askFor<readonly JournalJson[]>(`/api/v1/journal?limit=${JOURNAL_ENTRIES}`);
  if (answer.kind === 'ok') journal = answer.data;
  else journalOf = undefined;
  schedule();
}

function take(next: PageJson): void {
  // Another version serves other files.
  if (page?.version && next.version && page.version !== next.version) location.reload();
  page = next;
  hear(next.at);
  if (next.journalAt !== journalOf) void fetchJournal(next.journalAt);
  if (performance.now() - historyAtMs >= HISTORY_EVERY_MS) void fetchHistory();
}

function hear(at: string | null | undefined): void {
  heardAtMs = performance.now();
  daemonAtMs = parseTime(at) ?? Date.now();
  schedule();
}

/** One column has no room for everything: what is wrong and the flow come first. */
if (matchMedia('(max-width: 640px)').matches) {
  for (const fold of document.querySelectorAll<HTMLDetailsElement>('.fold')) fold.open = false;
}
byId('unlock').addEventListener('click', actions.toggleToken);
addEventListener('hashchange', () => {
  selection = parseSelection(location.hash) ?? selection;
  schedule();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);
setInterval(schedule, TICK_MS);
startFeed<PageJson>({
  onPicture: take,
  onAlive: hear,
  onState(state) {
    feedState = state;
    schedule();
  },
});
